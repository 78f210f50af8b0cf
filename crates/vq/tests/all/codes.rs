//! Codes as exact integers: columns, tokens in mixed radix, and what is no code.

use gradbook_vq::{CodeError, Codes, SKIPPED, TokenError};

use crate::trial::of;

#[test]
fn a_token_is_exact_up_to_the_last_of_two_to_the_sixty_third() {
    let last = Codes::new(vec![vec![1]; 63], vec![2; 63]);
    assert_eq!(last.tokens(), Ok(vec![(1 << 63) - 1]));
    assert_eq!(Codes::from_tokens(&[(1 << 63) - 1], &[2; 63]), last);
    let radices = vec![7, 1 << 20, 3];
    let codes = Codes::new(vec![vec![6, 2], vec![5, 9], vec![0, 2]], radices.clone());
    assert_eq!(codes.tokens(), Ok(vec![6 + 7 * 5, 2 + 7 * (9 + (2 << 20))]));
    assert_eq!(Codes::from_tokens(&codes.tokens().expect("few"), &radices), codes);
    assert_eq!(Codes::join([]).tokens(), Ok(vec![]));
}

#[test]
fn rows_that_have_no_token_say_why() {
    let error = |columns: Vec<Vec<u64>>, radices: Vec<u64>| Codes::new(columns, radices).tokens().err();
    assert_eq!(error(vec![vec![0]; 2], vec![1 << 62, 3]), Some(TokenError::TooMany));
    assert_eq!(error(vec![vec![0]; 64], vec![2; 64]), Some(TokenError::TooMany));
    assert_eq!(error(vec![vec![0, 1], vec![1, SKIPPED]], vec![2, 2]), Some(TokenError::Skipped(1)));
    assert_eq!(error(vec![vec![0, 1], vec![1]], vec![2, 2]), Some(TokenError::Ragged));
}

#[test]
fn columns_are_taken_apart_and_joined_with_their_radices() {
    let codes = Codes::new(vec![vec![0, 1], vec![4, SKIPPED], vec![4, 4]], vec![2, 5, 6]);
    let parts = [codes.part(0, 1), codes.part(1, 2)];
    assert_eq!((parts[1].slots(), parts[1].column(0), parts[1].radix(1)), (2, &[4, SKIPPED][..], 6));
    assert_eq!(Codes::join(parts), codes);
    assert_eq!((codes.counts(0), codes.counts(1)), (vec![1, 1], vec![0, 0, 0, 0, 1]));
}

#[test]
fn an_index_is_below_its_radix() {
    let panics = |index: u64| std::panic::catch_unwind(|| Codes::single(vec![0, index], 5)).is_err();
    assert_eq!((panics(4), panics(5), panics(SKIPPED)), (false, true, false));
}

#[test]
fn codes_of_a_file_are_checked_against_the_quantizer() {
    let text = "kind = \"grouped\"\ngroups = 2\nquantizer = { kind = \"codebook\", codes = 5 }";
    let (store, q) = of(text, 2);
    let check = |columns: Vec<Vec<u64>>| {
        let radices = vec![100; columns.len()];
        q.check_codes(&store, &Codes::new(columns, radices))
    };
    assert_eq!(check(vec![vec![4, SKIPPED], vec![0, 0]]), Ok(()));
    assert_eq!(check(vec![vec![0]]), Err(CodeError::Columns { found: 1, wanted: vec![2] }));
    assert_eq!(
        check(vec![vec![0, 0], vec![1, 5]]),
        Err(CodeError::Code { slot: 1, row: 1, code: 5, radix: 5 })
    );
    assert_eq!(check(vec![vec![0, 0], vec![0]]), Err(CodeError::Length { slot: 1, found: 1, wanted: 2 }));
}
