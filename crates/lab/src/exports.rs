//! Metrics for other programs: a CSV table, and an event file as TensorBoard reads it. Both hold what `metrics.jsonl` does.

use std::{fs, io::Write, path::PathBuf, time::SystemTime};

use prost::Message;

use crate::{Error, Progress, RunFolder, files};

impl RunFolder {
    /// The metrics as a table, a column for each field of [`Progress`].
    pub fn csv(&self) -> PathBuf {
        self.path().join("metrics.csv")
    }

    /// The metrics as TensorBoard reads them: `tensorboard --logdir runs`.
    pub fn events(&self) -> PathBuf {
        self.path().join("events.out.tfevents.gradbook")
    }

    /// Writes both anew.
    pub(crate) fn export(&self, rows: &[Progress]) -> Result<(), Error> {
        let mut table = csv::Writer::from_writer(Vec::new());
        rows.iter().for_each(|row| table.serialize(row).expect("plain rows can be written to memory"));
        files::replace(&self.csv(), &table.into_inner().expect("memory holds it"))?;
        let mut events = record(&Event { file_version: Some("brain.Event:2".into()), ..Event::default() });
        rows.iter().for_each(|row| events.extend(record(&event(row))));
        files::replace(&self.events(), &events)
    }

    /// Adds a row to both. TensorBoard follows the growing file.
    pub(crate) fn export_row(&self, row: &Progress) -> Result<(), Error> {
        if !self.csv().exists() || !self.events().exists() {
            self.export(&[])?;
        }
        let empty = fs::metadata(self.csv()).is_ok_and(|file| file.len() == 0);
        let mut table = csv::WriterBuilder::new().has_headers(empty).from_writer(Vec::new());
        table.serialize(row).expect("plain rows can be written to memory");
        append(self.csv(), &table.into_inner().expect("memory holds it"))?;
        append(self.events(), &record(&event(row)))
    }
}

fn append(path: PathBuf, bytes: &[u8]) -> Result<(), Error> {
    let file = fs::OpenOptions::new().append(true).open(&path);
    file.and_then(|mut file| file.write_all(bytes)).map_err(Error::io("write", path))
}

/// The parts of TensorFlow's `event.proto` and `summary.proto` that numbers over steps need.
#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Values>,
}

#[derive(Clone, PartialEq, Message)]
struct Values {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Scalar>,
}

#[derive(Clone, PartialEq, Message)]
struct Scalar {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

fn event(row: &Progress) -> Event {
    let numbers = [
        ("train/loss", Some(row.loss)),
        ("validation/mse", Some(row.mse)),
        ("validation/alive", row.alive),
        ("validation/perplexity", row.perplexity),
        ("validation/effective_dim", Some(row.effective_dim)),
        ("train/respawned", Some(row.respawned as f64)),
    ];
    let scalar = |(tag, x): (&str, Option<f64>)| {
        x.map(|x| Scalar { tag: tag.to_owned(), simple_value: Some(x as f32) })
    };
    Event {
        wall_time: SystemTime::UNIX_EPOCH.elapsed().map_or(0.0, |time| time.as_secs_f64()),
        step: row.step as i64,
        file_version: None,
        summary: Some(Values { value: numbers.into_iter().filter_map(scalar).collect() }),
    }
}

/// A record of a TFRecord file: length, its checksum, the message, its checksum.
fn record(event: &Event) -> Vec<u8> {
    let message = event.encode_to_vec();
    let length = (message.len() as u64).to_le_bytes();
    [&length[..], &checksum(&length), &message, &checksum(&message)].concat()
}

/// CRC-32C, turned by 15 bits and moved, so that the checksum of data with checksums in it is no trivial number.
fn checksum(bytes: &[u8]) -> [u8; 4] {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_those_that_tensorboard_writes() {
        // EventFileWriter of tensorboard begins every file with these bytes, but for the time.
        let version = Event { file_version: Some("brain.Event:2".into()), ..Event::default() };
        let expected = [
            &[15, 0, 0, 0, 0, 0, 0, 0][..],
            &checksum(&[15, 0, 0, 0, 0, 0, 0, 0]),
            b"\x1a\x0dbrain.Event:2",
            &checksum(b"\x1a\x0dbrain.Event:2"),
        ];
        assert_eq!(record(&version), expected.concat());
        // "123456789" has the CRC-32C e3069283 (RFC 3720): turned and moved, c7bbd8f4 + a282ead8 − 2³².
        let turned = 0xe306_9283_u32.rotate_right(15).wrapping_add(0xa282_ead8);
        assert_eq!(checksum(b"123456789"), turned.to_le_bytes());
    }

    #[test]
    fn a_number_that_is_zero_is_written() {
        let zero = Scalar { tag: "t".into(), simple_value: Some(0.0) };
        assert_eq!(zero.encode_to_vec(), b"\x0a\x01t\x15\0\0\0\0");
    }

    #[test]
    fn added_rows_make_the_files_that_are_written_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let [grown, whole] = ["a", "b"].map(|name| RunFolder::new(folder.path().join(name)));
        [&grown, &whole].iter().for_each(|run| fs::create_dir(run.path()).expect("a folder"));
        let row = |step| Progress { step, loss: 0.5, mse: 0.25, seconds: 1.0, ..Progress::default() };
        let rows = [row(10), Progress { alive: Some(3.0), perplexity: Some(2.5), ..row(20) }];
        rows.iter().for_each(|row| grown.export_row(row).expect("it can be written"));
        whole.export(&rows).expect("it can be written");
        let table = fs::read_to_string(grown.csv()).expect("a table");
        assert_eq!(
            table,
            "step,loss,mse,alive,perplexity,effective_dim,respawned,seconds\n10,0.5,0.25,,,0.0,0,1.0\n\
             20,0.5,0.25,3.0,2.5,0.0,0,1.0\n"
        );
        assert_eq!(table, fs::read_to_string(whole.csv()).expect("a table"));
        let length = |run: &RunFolder| fs::metadata(run.events()).expect("events").len();
        assert_eq!(length(&grown), length(&whole));
    }
}
