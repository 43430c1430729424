//! A simulated company as events in their order, and the project's baselines: for the test and the example on quality.

use std::error::Error;
use std::io::Cursor;
use std::path::Path;

use ingest::{Item, Reader};
use ocsf::Event;
use simulate::{GroundTruth, Options};

/// Events by time, how many records were no events, and the answers.
pub(crate) fn events(options: &Options) -> Result<(Vec<Event>, u64, GroundTruth), Box<dyn Error>> {
    let mut sink = Events { reader: Reader::new(ingest::Limits::default()), events: Vec::new(), rejected: 0 };
    let truth = simulate::generate(options, &mut sink)?;
    let mut events = sink.events;
    events.sort_by(|one, other| one.time.cmp(&other.time).then_with(|| one.uid().cmp(other.uid())));
    Ok((events, sink.rejected, truth))
}

/// The files of `content/baselines`.
pub(crate) fn content() -> std::io::Result<Vec<(String, String)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/baselines");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yml") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.push((name, std::fs::read_to_string(&path)?));
        }
    }
    files.sort();
    Ok(files)
}

/// Keeps the events of all telemetry files, without their raw records.
struct Events {
    reader: Reader,
    events: Vec<Event>,
    rejected: u64,
}

impl simulate::Sink for Events {
    fn put(&mut self, path: &str, content: &[u8]) -> std::io::Result<()> {
        if !path.starts_with("telemetry/") {
            return Ok(());
        }
        let opened = self.reader.open_stream(path, Box::new(Cursor::new(content.to_vec())), None);
        let Some(mut file) = opened.map_err(std::io::Error::other)? else { return Ok(()) };
        while let Some(item) = file.next() {
            match item {
                Item::Record(record) => match record.event() {
                    Ok(mut event) => {
                        // Its name may be that of its bytes.
                        let _name = event.uid();
                        event.raw = Vec::new();
                        self.events.push(event);
                    }
                    Err(_) => self.rejected += 1,
                },
                Item::Rejected(_) => self.rejected += 1,
            }
        }
        self.reader.reuse(file);
        Ok(())
    }
}
