//! Unpacking a zip file: central directory, stored and deflated members (APPNOTE.TXT 4.3, RFC 1951).
//!
//! Written here so that a pack is taken apart by other code than that which made it. It trusts its input: tests only.

use std::path::Path;

/// Writes every member of `zip` below `dir`. Returns their names in the order of the directory.
pub(crate) fn unpack(zip: &Path, dir: &Path) -> Vec<String> {
    let bytes = std::fs::read(zip).expect("read the zip file");
    let end = bytes.windows(4).rposition(|window| window == [0x50, 0x4B, 5, 6]).expect("an end record");
    let mut at = number(&bytes, end + 16, 4);
    let mut names = Vec::new();
    for _ in 0..number(&bytes, end + 10, 2) {
        assert_eq!(bytes[at..at + 4], [0x50, 0x4B, 1, 2], "a directory header");
        let method = number(&bytes, at + 10, 2);
        let (packed, whole) = (number(&bytes, at + 20, 4), number(&bytes, at + 24, 4));
        let (name_length, extra, comment) =
            (number(&bytes, at + 28, 2), number(&bytes, at + 30, 2), number(&bytes, at + 32, 2));
        let local = number(&bytes, at + 42, 4);
        let name = String::from_utf8(bytes[at + 46..at + 46 + name_length].to_vec()).expect("a UTF-8 name");
        let data = local + 30 + number(&bytes, local + 26, 2) + number(&bytes, local + 28, 2);
        let data = &bytes[data..data + packed];
        let content = if method == 0 { data.to_vec() } else { inflate(data) };
        assert_eq!(content.len(), whole, "{name}");
        let path = dir.join(&name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("make directories");
        std::fs::write(path, content).expect("write a member");
        names.push(name);
        at += 46 + name_length + extra + comment;
    }
    names
}

fn number(bytes: &[u8], at: usize, length: usize) -> usize {
    bytes[at..at + length].iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

struct Bits<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> usize {
        let mut value = 0;
        for bit in 0..count {
            value |= usize::from(self.bytes[self.at / 8] >> (self.at % 8) & 1) << bit;
            self.at += 1;
        }
        value
    }

    fn symbol(&mut self, code: &Code) -> usize {
        let (mut value, mut first, mut index) = (0, 0, 0);
        for count in &code.counts {
            value |= self.take(1);
            if value < first + count {
                return code.symbols[index + value - first];
            }
            index += count;
            first = (first + count) << 1;
            value <<= 1;
        }
        panic!("no such code");
    }
}

/// A canonical Huffman code: how many codes of each length from 1 on, and the symbols in order.
struct Code {
    counts: [usize; 15],
    symbols: Vec<usize>,
}

impl Code {
    fn new(lengths: &[usize]) -> Self {
        let mut counts = [0; 15];
        lengths.iter().filter(|length| **length != 0).for_each(|length| counts[length - 1] += 1);
        let mut symbols: Vec<usize> = (0..lengths.len()).filter(|symbol| lengths[*symbol] != 0).collect();
        symbols.sort_by_key(|symbol| lengths[*symbol]);
        Self { counts, symbols }
    }
}

fn inflate(bytes: &[u8]) -> Vec<u8> {
    let mut bits = Bits { bytes, at: 0 };
    let mut out = Vec::new();
    loop {
        let last = bits.take(1) == 1;
        match bits.take(2) {
            0 => {
                bits.at = bits.at.next_multiple_of(8) + 32;
                let from = bits.at / 8;
                let length = number(bytes, from - 4, 2);
                out.extend_from_slice(&bytes[from..from + length]);
                bits.at += 8 * length;
            }
            1 => {
                let lengths: Vec<usize> = (0..288)
                    .map(|symbol| match symbol {
                        0..144 => 8,
                        144..256 => 9,
                        256..280 => 7,
                        _ => 8,
                    })
                    .collect();
                block(&mut bits, &mut out, &Code::new(&lengths), &Code::new(&[5; 30]));
            }
            _ => {
                let (literals, distances) = codes(&mut bits);
                block(&mut bits, &mut out, &literals, &distances);
            }
        }
        if last {
            return out;
        }
    }
}

/// The codes of a dynamic block, RFC 1951 section 3.2.7.
fn codes(bits: &mut Bits<'_>) -> (Code, Code) {
    const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    let (literals, distances, count) = (bits.take(5) + 257, bits.take(5) + 1, bits.take(4) + 4);
    let mut lengths = [0; 19];
    ORDER.iter().take(count).for_each(|place| lengths[*place] = bits.take(3));
    let code = Code::new(&lengths);
    let mut lengths = Vec::new();
    while lengths.len() < literals + distances {
        let (value, times) = match bits.symbol(&code) {
            16 => (*lengths.last().expect("a length to repeat"), 3 + bits.take(2)),
            17 => (0, 3 + bits.take(3)),
            18 => (0, 11 + bits.take(7)),
            length => (length, 1),
        };
        lengths.extend(std::iter::repeat_n(value, times));
    }
    let (left, right) = lengths.split_at(literals);
    (Code::new(left), Code::new(right))
}

fn block(bits: &mut Bits<'_>, out: &mut Vec<u8>, literals: &Code, distances: &Code) {
    loop {
        match bits.symbol(literals) {
            256 => return,
            literal @ 0..256 => out.push(u8::try_from(literal).expect("below 256")),
            285 => copy(bits, out, 258, distances),
            symbol => {
                // Lengths from 3 on, in groups of four (eight at first) with one more extra bit each.
                let step = symbol - 257;
                let extra = u32::try_from((step / 4).saturating_sub(1)).expect("small");
                let base = if step < 8 { step + 3 } else { ((4 + step % 4) << extra) + 3 };
                let length = base + bits.take(extra);
                copy(bits, out, length, distances);
            }
        }
    }
}

fn copy(bits: &mut Bits<'_>, out: &mut Vec<u8>, length: usize, distances: &Code) {
    let step = bits.symbol(distances);
    let extra = u32::try_from((step / 2).saturating_sub(1)).expect("small");
    let base = if step < 4 { step + 1 } else { ((2 + step % 2) << extra) + 1 };
    let distance = base + bits.take(extra);
    for _ in 0..length {
        out.push(out[out.len() - distance]);
    }
}
