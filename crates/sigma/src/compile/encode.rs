//! The encodings that a rule's text can be put through: UTF-16 and Base64, as attackers' tools write command lines.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::modifiers::Encoding;

/// The spellings of `text` after all encodings, any of which may appear, or what stands in the way.
pub(super) fn spellings(text: &str, encodings: &[Encoding]) -> Result<Vec<String>, &'static str> {
    let mut bytes = text.as_bytes().to_vec();
    let mut encodings = encodings.iter();
    while let Some(encoding) = encodings.next() {
        bytes = match encoding {
            Encoding::Utf16Le => utf16(&bytes, u16::to_le_bytes)?,
            Encoding::Utf16Be => utf16(&bytes, u16::to_be_bytes)?,
            Encoding::Utf16 => [vec![0xFF, 0xFE], utf16(&bytes, u16::to_le_bytes)?].concat(),
            Encoding::Base64 => STANDARD.encode(&bytes).into_bytes(),
            Encoding::Base64Offset if encodings.len() == 0 => return Ok(at_each_offset(&bytes)),
            Encoding::Base64Offset => return Err("`base64offset` must be the last encoding"),
        };
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(vec![text]),
        Err(_) => Err("the encoded bytes are not text; add `base64` or `base64offset` after the UTF-16 encoding"),
    }
}

fn utf16(bytes: &[u8], order: fn(u16) -> [u8; 2]) -> Result<Vec<u8>, &'static str> {
    let text = std::str::from_utf8(bytes).map_err(|_| "UTF-16 encodings apply to text")?;
    Ok(text.encode_utf16().flat_map(order).collect())
}

/// Base64 packs three bytes into four characters, so the same bytes look different at each of the three positions they
/// can start at. What neighbouring bytes would change is cut off: two or three characters at the start when shifted,
/// and at the end the characters that share bits with what follows.
fn at_each_offset(bytes: &[u8]) -> Vec<String> {
    const START: [usize; 3] = [0, 2, 3];
    const END: [usize; 3] = [0, 3, 2];
    let mut spellings = Vec::new();
    for (offset, start) in START.into_iter().enumerate() {
        let shifted = [vec![b' '; offset], bytes.to_vec()].concat();
        let encoded = STANDARD.encode(&shifted);
        let cut = END.get(shifted.len() % 3).copied().unwrap_or(0);
        let end = encoded.len().saturating_sub(cut);
        if let Some(stable) = encoded.get(start..end)
            && !stable.is_empty()
        {
            spellings.push(stable.to_owned());
        }
    }
    spellings
}

#[cfg(test)]
mod tests {
    use super::super::modifiers::Encoding::{Base64, Base64Offset, Utf16, Utf16Be, Utf16Le};
    use super::{STANDARD, spellings};
    use base64::Engine as _;

    #[test]
    fn known_spellings() {
        assert_eq!(spellings("cmd", &[Base64]).unwrap(), ["Y21k"]);
        assert_eq!(spellings("cmd", &[Utf16Le]).unwrap(), ["c\0m\0d\0"]);
        assert_eq!(spellings("cmd", &[Utf16Be]).unwrap(), ["\0c\0m\0d"]);
        assert_eq!(spellings("cmd", &[Utf16, Base64]).unwrap(), ["//5jAG0AZAA="]);
        assert!(spellings("cmd", &[Utf16]).is_err());
        assert!(spellings("cmd", &[Base64Offset, Base64]).is_err());
        // The example of the Sigma documentation.
        assert_eq!(spellings("http://", &[Base64Offset]).unwrap(), ["aHR0cDovL", "h0dHA6Ly", "odHRwOi8v"]);
    }

    #[test]
    fn one_of_the_offsets_is_always_found() {
        // A single byte has no character of its own when shifted, so two are the shortest that can always be found.
        for secret in ["ab", "abc", "IEX(New-Object"] {
            let spellings = spellings(secret, &[Base64Offset]).unwrap();
            for before in ["", "x", "xy", "xyz"] {
                for after in ["", "\u{7f}", "ÿ", "???"] {
                    let encoded = STANDARD.encode(format!("{before}{secret}{after}"));
                    assert!(spellings.iter().any(|part| encoded.contains(part.as_str())), "{secret} in {encoded}");
                }
            }
        }
    }
}
