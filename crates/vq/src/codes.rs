//! [`Codes`]: what a quantizer chose, as exact integers, in columns ("slots") with a radix each.

/// The index of a slot that was left out (quantizer dropout); it decodes to zero.
pub const SKIPPED: u64 = u64::MAX;

/// The choices of a quantizer for some rows: one column per slot (level, group, head), each with its own radix.
///
/// ```
/// use gradbook_vq::Codes;
/// let codes = Codes::new(vec![vec![1, 0], vec![2, 4]], vec![3, 5]); // two rows, two slots
/// assert_eq!(codes.tokens().unwrap(), [1 + 3 * 2, 0 + 3 * 4]);      // mixed radix, first slot fastest
/// assert_eq!(Codes::from_tokens(&[7, 12], &[3, 5]), codes);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codes {
    columns: Vec<Vec<u64>>,
    radices: Vec<u64>,
}

/// The token of a row does not fit 63 bits, or a slot was skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The product of the radices is over 2⁶³.
    #[error("the slots together have more than 2⁶³ codes: keep them as separate columns")]
    TooMany,
    /// A slot of this row holds no code.
    #[error("row {0} has a skipped slot")]
    Skipped(usize),
    /// The columns differ in length, as those of a multi-scale quantizer do.
    #[error("the columns differ in length: keep them separate")]
    Ragged,
}

/// Codes that a quantizer does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// There are other columns.
    #[error("{found} columns of codes, this quantizer decodes {wanted:?}")]
    Columns {
        /// The columns there are.
        found: usize,
        /// The numbers of columns that can be decoded.
        wanted: Vec<usize>,
    },
    /// A code does not exist.
    #[error(
        "slot {slot} holds the code {code} in row {row}\n  rule: a code is below the radix of its slot, here {radix}"
    )]
    Code {
        /// Its column.
        slot: usize,
        /// Where it is in the column.
        row: usize,
        /// What it is.
        code: u64,
        /// How many codes the slot has.
        radix: u64,
    },
    /// A column ends before the first does, or after it.
    #[error(
        "slot {slot} holds {found} codes, slot 0 holds {wanted}\n  rule: every row has a code in every slot"
    )]
    Length {
        /// Its column.
        slot: usize,
        /// Its codes.
        found: usize,
        /// Those of the first.
        wanted: usize,
    },
}

impl Codes {
    /// Whether these are codes of slots with these radices, as many as are `decodable`, and if they belong to rows, one for
    /// each row.
    pub(crate) fn check(&self, radices: &[u64], decodable: &[usize], rowwise: bool) -> Result<(), CodeError> {
        if !decodable.contains(&self.slots()) {
            return Err(CodeError::Columns { found: self.slots(), wanted: decodable.to_vec() });
        }
        for (slot, (column, &radix)) in self.columns.iter().zip(radices).enumerate() {
            let (found, wanted) = (column.len(), self.columns[0].len());
            if rowwise && found != wanted {
                return Err(CodeError::Length { slot, found, wanted });
            }
            if let Some(row) = column.iter().position(|&code| code >= radix && code != SKIPPED) {
                return Err(CodeError::Code { slot, row, code: column[row], radix });
            }
        }
        Ok(())
    }

    /// Columns of indices with their radices.
    ///
    /// # Panics
    /// If an index is not below its radix (and not [`SKIPPED`]).
    #[track_caller]
    pub fn new(columns: Vec<Vec<u64>>, radices: Vec<u64>) -> Self {
        assert_eq!(columns.len(), radices.len(), "codes: one radix for each column");
        for (slot, (column, radix)) in columns.iter().zip(&radices).enumerate() {
            if let Some(bad) = column.iter().find(|&&i| i >= *radix && i != SKIPPED) {
                panic!(
                    "codes: slot {slot} holds index {bad}\n  rule: an index is below its radix, here {radix}"
                );
            }
        }
        Self { columns, radices }
    }

    /// One column.
    #[track_caller]
    pub fn single(indices: Vec<u64>, radix: u64) -> Self {
        Self::new(vec![indices], vec![radix])
    }

    /// The columns of several quantizers, one after the other.
    pub fn join(parts: impl IntoIterator<Item = Codes>) -> Self {
        let mut all = Self { columns: Vec::new(), radices: Vec::new() };
        for part in parts {
            all.columns.extend(part.columns);
            all.radices.extend(part.radices);
        }
        all
    }

    /// The columns `from..from + count` alone.
    pub fn part(&self, from: usize, count: usize) -> Self {
        let range = from..from + count;
        Self { columns: self.columns[range.clone()].to_vec(), radices: self.radices[range].to_vec() }
    }

    /// The number of columns.
    pub fn slots(&self) -> usize {
        self.columns.len()
    }

    /// The indices of a slot.
    pub fn column(&self, slot: usize) -> &[u64] {
        &self.columns[slot]
    }

    /// How many codes a slot has to choose from.
    pub fn radix(&self, slot: usize) -> u64 {
        self.radices[slot]
    }

    /// How often each code of a slot was chosen. For slots small enough to count.
    pub fn counts(&self, slot: usize) -> Vec<u64> {
        let mut counts = vec![0; self.radices[slot] as usize];
        self.columns[slot].iter().filter(|&&i| i != SKIPPED).for_each(|&i| counts[i as usize] += 1);
        counts
    }

    /// One integer per row, in mixed radix with the first slot fastest: Σᵢ indexᵢ·Πⱼ﹤ᵢ radixⱼ.
    ///
    /// # Errors
    /// If the integers would not be exact below 2⁶³, or a slot is skipped, or columns differ in length.
    pub fn tokens(&self) -> Result<Vec<u64>, TokenError> {
        let rows = self.columns.first().map_or(0, Vec::len);
        if self.columns.iter().any(|column| column.len() != rows) {
            return Err(TokenError::Ragged);
        }
        let all = self.radices.iter().try_fold(1u64, |all, radix| all.checked_mul(*radix));
        if all.is_none_or(|all| all > 1 << 63) {
            return Err(TokenError::TooMany);
        }
        let token = |row: usize| {
            self.columns.iter().zip(&self.radices).rev().try_fold(0, |token, (column, radix)| {
                match column[row] {
                    SKIPPED => Err(TokenError::Skipped(row)),
                    index => Ok(token * radix + index),
                }
            })
        };
        (0..rows).map(token).collect()
    }

    /// The inverse of [`tokens`](Self::tokens).
    pub fn from_tokens(tokens: &[u64], radices: &[u64]) -> Self {
        let mut rest = tokens.to_vec();
        let column = |radix: &u64| {
            let digit = |rest: &mut u64| {
                let index = *rest % radix;
                *rest /= radix;
                index
            };
            rest.iter_mut().map(digit).collect()
        };
        Self { columns: radices.iter().map(column).collect(), radices: radices.to_vec() }
    }
}
