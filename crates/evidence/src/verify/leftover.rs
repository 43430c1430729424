//! Partial tiles that a living log still keeps though wider ones exist. Nobody needs them, but somebody could read them: their
//! hashes and entries must be the first ones of what replaced them.

use super::bundle::Layout;
use super::report::{FaultKind, Report};
use super::source::Source;
use crate::tile::{BUNDLE_BYTES_MAX, Tile, TileKind};

/// Compares every file of the log that the size does not ask for with the one it asks for. What stands beyond the checkpoint is
/// not sealed yet; it proves nothing and is no fault.
pub(super) fn check(source: &Source, layout: Layout<'_>, report: &mut Report) {
    for name in source.names_below(layout.prefix) {
        let Some(tile) = Tile::from_path(name) else { continue };
        let level = if let TileKind::Hashes(level) = tile.kind { level } else { 0 };
        let width = layout.width(level, tile.index);
        let beyond_the_checkpoint = width < usize::from(tile.width);
        if beyond_the_checkpoint || tile == layout.tile(tile.kind, tile.index) {
            continue;
        }
        let place = layout.name(tile);
        let wider = layout.name(replacement(source, layout, tile));
        let narrow = source.read(&place, BUNDLE_BYTES_MAX);
        let wide = source.read(&wider, BUNDLE_BYTES_MAX);
        match (narrow, wide) {
            // A bundle cut at an entry's end and a tile cut at a hash's end are both prefixes of the wider file.
            (Ok(narrow), Ok(wide)) if wide.starts_with(&narrow) && has_width(&narrow, tile) => {}
            (Ok(_), Ok(_)) => {
                report.fault(FaultKind::TileChanged, place, format!("it is not the beginning of {wider}"))
            }
            // Nobody can read it any more; what replaced it was looked at where it is needed.
            (Err(_), _) if source.is_gone(&place) => {}
            (Err(detail), _) => report.fault(FaultKind::MemberChanged, place, detail),
            // That the wider one is unreadable was said where it is needed.
            (Ok(_), Err(_)) => {}
        }
    }
}

fn replacement(source: &Source, layout: Layout<'_>, tile: Tile) -> Tile {
    let wanted = layout.tile(tile.kind, tile.index);
    if source.contains(&layout.name(wanted)) { wanted } else { Tile { width: 256, ..wanted } }
}

fn has_width(bytes: &[u8], tile: Tile) -> bool {
    let items = match tile.kind {
        TileKind::Hashes(_) => crate::tile::decode_hashes(bytes).map(|hashes| hashes.len()),
        TileKind::Entries => crate::tile::decode_entries(bytes).ok().map(|entries| entries.len()),
    };
    items == Some(usize::from(tile.width))
}
