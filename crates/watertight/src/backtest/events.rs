//! Stored events as they were normalised, in order of time, for what learns instead of matching.

use std::collections::BTreeSet;

use ingest::Format;
use ocsf::Event;
use serde_json::Value;

use super::{Period, days};
use crate::exit::{Failure, OrFail as _};
use crate::instance::Instance;
use crate::output;
use crate::reading::Reading;
use crate::stored_findings::quoted;

/// Shows every stored event of some formats, a day at a time; what cannot be read again is counted and said.
pub(crate) async fn each_event(
    instance: &Instance,
    formats: &BTreeSet<String>,
    period: Period,
    mut see: impl FnMut(&Event),
) -> Result<(), Failure> {
    let reading = Reading::open(&instance.store).await?;
    let names: Vec<String> = formats.iter().map(|format| quoted(format)).collect();
    if names.is_empty() {
        return Ok(());
    }
    let mut unreadable = 0_u64;
    for day in days(&instance.lake, period).await? {
        let query = format!(
            "SELECT logsource, raw, source, seq FROM events WHERE day = DATE '{day}' AND logsource IN ({}) ORDER BY time, event_uid",
            names.join(", ")
        );
        let mut stream = instance.lake.sql_stream(&query).await.or_fail("failed to read stored events")?;
        while let Some(rows) = stream.next().await.or_fail("failed to read stored events")? {
            for row in &rows {
                match read(&reading, row) {
                    Some(event) if period.holds(event.time) => see(&event),
                    Some(_) => {}
                    None => unreadable += 1,
                }
            }
        }
    }
    if 0 < unreadable {
        output::talk(format!("{unreadable} events could not be read again; no baseline has seen them"));
    }
    Ok(())
}

fn read(reading: &Reading, row: &[Value]) -> Option<Event> {
    let text = |place: usize| row.get(place).and_then(Value::as_str).unwrap_or_default();
    let batch = (text(2), row.get(3).and_then(Value::as_i64).unwrap_or_default());
    let decoder = reading.decoder(Format::from_id(text(0))?, batch, text(1))?;
    decoder.normalize(text(1).as_bytes()).ok()
}
