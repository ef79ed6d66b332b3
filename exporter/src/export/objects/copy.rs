//! The binary format of `COPY … TO STDOUT` (Postgres manual, "COPY", "Binary Format"), taken apart as it comes in.
//! Whatever the bytes are, this gives tuples or an error.

/// What a stream begins with.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// Bit 16 of the flags: the stream has object ids, which no version since Postgres 12 sends.
const HAS_OIDS: u32 = 1 << 16;
/// Postgres holds no longer value.
const MAX_FIELD: usize = 1 << 30;

/// Bytes that are no such stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database sent no binary copy that this program knows: {0}")]
pub struct CopyError(pub &'static str);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Header,
    Tuples,
    Ended,
}

/// Takes a stream apart. `WIDTH` is the number of fields in a tuple.
#[derive(Debug)]
pub struct Copy<const WIDTH: usize> {
    buffer: Vec<u8>,
    at: usize,
    state: State,
}

/// A tuple: its bytes, and its fields in them; `None` is null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuple<'a, const WIDTH: usize> {
    /// Field after field, each after its length.
    pub bytes: &'a [u8],
    /// The values.
    pub fields: [Option<&'a [u8]>; WIDTH],
}

impl<const WIDTH: usize> Default for Copy<WIDTH> {
    fn default() -> Self {
        Self { buffer: Vec::new(), at: 0, state: State::Header }
    }
}

impl<const WIDTH: usize> Copy<WIDTH> {
    /// Takes the next part of the stream, cut anywhere.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.at > 0 {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next tuple that is there in full.
    ///
    /// # Errors
    /// When the bytes are no such stream.
    pub fn tuple(&mut self) -> Result<Option<Tuple<'_, WIDTH>>, CopyError> {
        if self.state == State::Header && !self.header()? {
            return Ok(None);
        }
        let Some(rest) = self.buffer.get(self.at..) else { return Ok(None) };
        if self.state == State::Ended {
            return if rest.is_empty() { Ok(None) } else { Err(CopyError("something follows its end")) };
        }
        let Some((count, rest)) = rest.split_first_chunk() else { return Ok(None) };
        let count = i16::from_be_bytes(*count);
        if count == -1 {
            self.state = State::Ended;
            self.at += 2;
            return if rest.is_empty() { Ok(None) } else { Err(CopyError("something follows its end")) };
        }
        if usize::try_from(count) != Ok(WIDTH) {
            return Err(CopyError("another number of columns"));
        }
        let Some(length) = length::<WIDTH>(rest)? else { return Ok(None) };
        let start = self.at + 2;
        self.at = start + length;
        let bytes = self.buffer.get(start..self.at).unwrap_or_default();
        Ok(Some(Tuple { bytes, fields: fields(bytes) }))
    }

    /// Whether the stream has come to its own end.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.state == State::Ended
    }

    /// Whether the header is there, and has been left behind.
    fn header(&mut self) -> Result<bool, CopyError> {
        let there = self.buffer.len().min(SIGNATURE.len());
        if self.buffer.get(..there) != SIGNATURE.get(..there) {
            return Err(CopyError("another signature"));
        }
        let Some((flags, rest)) = self.buffer.get(SIGNATURE.len()..).and_then(<[u8]>::split_first_chunk) else {
            return Ok(false);
        };
        if u32::from_be_bytes(*flags) & HAS_OIDS != 0 {
            return Err(CopyError("object ids in it"));
        }
        let Some((extension, rest)) = rest.split_first_chunk() else { return Ok(false) };
        let extension = usize::try_from(u32::from_be_bytes(*extension)).unwrap_or(usize::MAX);
        if extension > MAX_FIELD {
            return Err(CopyError("a header without an end"));
        }
        if rest.len() < extension {
            return Ok(false);
        }
        self.at = SIGNATURE.len() + 8 + extension;
        self.state = State::Tuples;
        Ok(true)
    }
}

/// The length of a tuple of which `bytes` are the beginning; `None` when more must come.
fn length<const WIDTH: usize>(bytes: &[u8]) -> Result<Option<usize>, CopyError> {
    let mut rest = bytes;
    for _ in 0..WIDTH {
        let Some((length, after)) = rest.split_first_chunk() else { return Ok(None) };
        let length = match i32::from_be_bytes(*length) {
            -1 => 0,
            length => usize::try_from(length).map_err(|_| CopyError("a value of negative length"))?,
        };
        if length > MAX_FIELD {
            return Err(CopyError("a value longer than Postgres holds"));
        }
        let Some(after) = after.get(length..) else { return Ok(None) };
        rest = after;
    }
    Ok(Some(bytes.len() - rest.len()))
}

/// The fields of a whole tuple's `bytes`.
#[must_use]
pub fn fields<const WIDTH: usize>(bytes: &[u8]) -> [Option<&[u8]>; WIDTH] {
    let mut rest = bytes;
    std::array::from_fn(|_| {
        let (length, after) = rest.split_first_chunk()?;
        let value = usize::try_from(i32::from_be_bytes(*length)).ok().and_then(|length| after.split_at_checked(length));
        rest = value.map_or(after, |(_, after)| after);
        value.map(|(value, _)| value)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Row = [Option<Vec<u8>>; 3];

    fn stream(rows: &[Row]) -> Vec<u8> {
        let mut bytes = [SIGNATURE, &0u32.to_be_bytes(), &3u32.to_be_bytes(), b"ext"].concat();
        for row in rows {
            bytes.extend(3i16.to_be_bytes());
            for field in row {
                bytes.extend(field.as_ref().map_or(-1, |it| i32::try_from(it.len()).expect("short")).to_be_bytes());
                bytes.extend(field.iter().flatten());
            }
        }
        bytes.extend((-1i16).to_be_bytes());
        bytes
    }

    fn taken_apart(bytes: &[u8], cuts: &[usize]) -> Result<(Vec<Row>, bool), CopyError> {
        let (mut copy, mut rows, mut from) = (Copy::<3>::default(), Vec::new(), 0);
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
        cuts.sort_unstable();
        cuts.push(bytes.len());
        for cut in cuts {
            copy.push(&bytes[from..cut]);
            from = cut;
            while let Some(tuple) = copy.tuple()? {
                rows.push(tuple.fields.map(|field| field.map(<[u8]>::to_vec)));
            }
        }
        Ok((rows, copy.is_complete()))
    }

    fn a_row() -> impl Strategy<Value = Row> {
        let field = || prop::option::of(prop::collection::vec(any::<u8>(), 0..9));
        (field(), field(), field()).prop_map(|(a, b, c)| [a, b, c])
    }

    proptest! {
        #[test]
        fn it_reads_what_was_written_however_it_is_cut(
            rows in prop::collection::vec(a_row(), 0..6), cuts in prop::collection::vec(any::<usize>(), 0..6)
        ) {
            prop_assert_eq!(taken_apart(&stream(&rows), &cuts), Ok((rows, true)));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..80), flip in any::<(usize, u8)>()) {
            let mut of_a_stream = stream(&[[Some(bytes.clone()), None, Some(vec![1])]]);
            let at = flip.0 % of_a_stream.len();
            of_a_stream[at] = flip.1;
            let _ = taken_apart(&of_a_stream, &[at]);
            let _ = taken_apart(&[SIGNATURE, &[0; 8], &bytes].concat(), &[]);
            let _ = taken_apart(&bytes, &[]);
        }

        #[test]
        fn a_stream_that_breaks_off_is_not_complete(rows in prop::collection::vec(a_row(), 0..4), lost in 1..40usize) {
            let mut bytes = stream(&rows);
            bytes.truncate(bytes.len().saturating_sub(lost));
            prop_assert!(matches!(taken_apart(&bytes, &[]), Ok((_, false))));
        }
    }

    #[test]
    fn what_is_no_such_stream_is_refused() {
        let good = stream(&[]);
        let with = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            taken_apart(&bytes, &[]).expect_err("refused").0
        };
        assert_eq!(with(0, b'X'), "another signature");
        assert_eq!(with(SIGNATURE.len() + 1, 1), "object ids in it");
        assert_eq!(with(SIGNATURE.len() + 4, 255), "a header without an end");
        let after = [&good[..], b"x"].concat();
        assert_eq!(taken_apart(&after, &[]).expect_err("refused").0, "something follows its end");
        assert_eq!(taken_apart(&after, &[good.len()]).expect_err("refused").0, "something follows its end");
    }
}
