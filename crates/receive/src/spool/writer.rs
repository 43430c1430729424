//! The thread that writes: it takes what waits, makes one segment of it, and answers everybody whose records are in it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use ingest::frame::spooled;
use tokio::sync::mpsc::UnboundedReceiver;

use super::segment::{self, Noted};
use super::{Marks, Put, Refused, Shared};

/// How often the thread looks for more while it gathers.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(5);

#[derive(Debug)]
pub(super) struct Writer {
    shared: Arc<Shared>,
    next: u64,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, next: u64) -> Self {
        Self { shared, next }
    }

    /// Ends when every [`super::Spool`] is gone and nothing waits.
    pub(super) fn run(mut self, mut puts: UnboundedReceiver<Put>) {
        while let Some(first) = puts.blocking_recv() {
            let gathered = self.gather(first, &mut puts);
            let outcome = self.write(&gathered);
            for put in gathered {
                self.shared.waiting.fetch_sub(put.bytes, Ordering::Relaxed);
                // A sender that went away will send again; what it sent twice is found by the records' own ids.
                drop(put.taken.send(outcome.clone()));
            }
        }
    }

    fn gather(&self, first: Put, puts: &mut UnboundedReceiver<Put>) -> Vec<Put> {
        let limits = &self.shared.limits;
        let until = Instant::now() + limits.gather;
        let mut bytes = first.bytes;
        let mut gathered = vec![first];
        while bytes < limits.segment_bytes_max as u64 {
            if let Ok(put) = puts.try_recv() {
                bytes += put.bytes;
                gathered.push(put);
            } else if Instant::now() < until && !puts.is_closed() {
                std::thread::sleep(LOOK_EVERY);
            } else {
                break;
            }
        }
        gathered
    }

    fn write(&mut self, puts: &[Put]) -> Result<(), Refused> {
        let disk = |error: &dyn std::fmt::Display| Refused::Disk(error.to_string());
        let mut marks = Marks::new();
        marks.extend(puts.iter().flat_map(|put| put.marks.clone()));
        let note = serde_json::to_string(&Noted { next: self.next + 1, marks: marks.clone() });
        let mut bytes = spooled::begin(&note.map_err(|error| disk(&error))?);
        for record in puts.iter().flat_map(|put| &put.records) {
            // `put` lets no record in that is too long for its length to be written.
            let _added = spooled::add(&mut bytes, record);
        }
        // A number is never tried twice: a write that failed late may have left its segment, and the flow may have read it.
        let number = self.next;
        self.next += 1;
        let written = segment::write(&self.shared.dir, number, &bytes);
        if segment::path(&self.shared.dir, number).exists() {
            self.shared.held.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
        written.map_err(|error| disk(&error))?;
        self.shared.marks().extend(marks);
        Ok(())
    }
}
