//! Puts the functions of the Wasm in the order in which it packs best: what is alike packs when it is near.

use std::ops::Range;

use anyhow::Result;
use wasmparser::{ExternalKind, Operator, Parser, Payload};

use super::locals::{part, put};
use crate::size::weight::brotli;

const FUNCTIONS: u8 = 3;
const EXPORTS: u8 = 7;
const CODE: u8 = 10;

/// A piece of a section: bytes as they are, or the number of a function.
enum Piece {
    Bytes(Vec<u8>),
    Function(usize),
}

/// Wasm whose functions can change places.
#[derive(Default)]
struct Module {
    /// In their order; of the three above, which are written anew, only the place counts.
    sections: Vec<(u8, Vec<u8>)>,
    /// Of each function.
    types: Vec<usize>,
    /// How many, and what they are.
    exports: Vec<Piece>,
    /// Of each function.
    bodies: Vec<Vec<Piece>>,
}

/// `wasm`, which imports nothing, with its functions in the best order that is found by moving each once.
pub(super) fn packed(wasm: &[u8]) -> Result<Vec<u8>> {
    let module = Module::read(wasm)?;
    let mut order: Vec<usize> = (0..module.bodies.len()).collect();
    let mut best = module.write(&order);
    let mut least = brotli(&best)?;
    for function in 0..order.len() {
        let others: Vec<usize> = order.iter().copied().filter(|other| *other != function).collect();
        for place in 0..order.len() {
            let mut tried = others.clone();
            tried.insert(place, function);
            let written = module.write(&tried);
            let bytes = brotli(&written)?;
            if bytes < least {
                (least, best, order) = (bytes, written, tried);
            }
        }
    }
    Ok(best)
}

impl Module {
    fn read(wasm: &[u8]) -> Result<Self> {
        let mut module = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload?;
            if let Some((id, range)) = payload.as_section() {
                module.sections.push((id, part(wasm, range)?.to_vec()));
            }
            match payload {
                Payload::FunctionSection(section) => {
                    for kind in section {
                        module.types.push(kind? as usize);
                    }
                }
                Payload::ExportSection(section) => {
                    module.exports.push(Piece::Bytes(number(section.count() as usize)));
                    for export in section {
                        let export = export?;
                        let is_function = export.kind == ExternalKind::Func;
                        let kind = if is_function { 0 } else { 2 };
                        let name = [number(export.name.len()), export.name.into(), vec![kind]].concat();
                        let index = export.index as usize;
                        let index = if is_function { Piece::Function(index) } else { Piece::Bytes(number(index)) };
                        module.exports.extend([Piece::Bytes(name), index]);
                    }
                }
                Payload::CodeSectionEntry(body) => module.bodies.push(pieces(wasm, body.range(), &calls(&body)?)?),
                _ => {}
            }
        }
        Ok(module)
    }

    /// The module with its functions in this order.
    fn write(&self, order: &[usize]) -> Vec<u8> {
        let mut places = vec![0; order.len()];
        for (place, function) in order.iter().enumerate() {
            places[*function] = place;
        }
        let join = |pieces: &[Piece]| -> Vec<u8> {
            let bytes = pieces.iter().map(|piece| match piece {
                Piece::Bytes(bytes) => bytes.clone(),
                Piece::Function(function) => number(places[*function]),
            });
            bytes.collect::<Vec<_>>().concat()
        };
        let sized = |bytes: Vec<u8>| [number(bytes.len()), bytes].concat();
        let all = |part: &dyn Fn(usize) -> Vec<u8>| -> Vec<u8> {
            let parts: Vec<Vec<u8>> = order.iter().map(|function| part(*function)).collect();
            [number(order.len()), parts.concat()].concat()
        };
        let mut out = b"\0asm\x01\0\0\0".to_vec();
        for (id, content) in &self.sections {
            out.push(*id);
            out.extend(sized(match *id {
                FUNCTIONS => all(&|function| number(self.types[function])),
                EXPORTS => join(&self.exports),
                CODE => all(&|function| sized(join(&self.bodies[function]))),
                _ => content.clone(),
            }));
        }
        out
    }
}

/// Where a function says which others it calls, and which.
fn calls(body: &wasmparser::FunctionBody<'_>) -> Result<Vec<(Range<u64>, usize)>> {
    let mut calls = Vec::new();
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let at = operators.original_position();
        if let Operator::Call { function_index } = operators.read()? {
            // behind the opcode
            calls.push((at + 1..operators.original_position(), function_index as usize));
        }
    }
    Ok(calls)
}

fn pieces(wasm: &[u8], range: Range<u64>, calls: &[(Range<u64>, usize)]) -> Result<Vec<Piece>> {
    let (mut pieces, mut from) = (Vec::new(), range.start);
    for (place, function) in calls {
        pieces.push(Piece::Bytes(part(wasm, from..place.start)?.to_vec()));
        pieces.push(Piece::Function(*function));
        from = place.end;
    }
    pieces.push(Piece::Bytes(part(wasm, from..range.end)?.to_vec()));
    Ok(pieces)
}

/// A number as Wasm writes it.
fn number(number: usize) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, number);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three functions that call one another, of which the second is exported.
    const WASM: &[u8] =
        b"\0asm\x01\0\0\0\x01\x08\x02\x60\0\0\x60\0\x01\x7f\x03\x04\x03\0\x01\0\x07\x07\x01\x03run\0\x01\
        \x0a\x11\x03\x05\0\x10\x01\x1a\x0b\x04\0\x41\x2a\x0b\x04\0\x10\0\x0b";

    #[test]
    fn what_is_read_is_written() -> Result<()> {
        assert_eq!(Module::read(WASM)?.write(&[0, 1, 2]), WASM);
        Ok(())
    }

    #[test]
    fn who_calls_and_who_is_exported_stays_the_same() -> Result<()> {
        let moved = Module::read(WASM)?.write(&[2, 0, 1]);
        let module = Module::read(&moved)?;
        assert_eq!(module.types, [0, 0, 1]);
        assert!(matches!(module.exports[2], Piece::Function(2)), "the second is the last now");
        assert!(matches!(module.bodies[0][1], Piece::Function(1)), "the third calls the first");
        assert!(matches!(module.bodies[1][1], Piece::Function(2)), "the first calls the second");
        // and back
        assert_eq!(module.write(&[1, 2, 0]), WASM);
        Ok(())
    }

    #[test]
    fn no_order_is_kept_that_packs_worse() -> Result<()> {
        assert!(brotli(&packed(WASM)?)? <= brotli(WASM)?);
        Ok(())
    }
}
