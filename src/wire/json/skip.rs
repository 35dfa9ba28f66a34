//! Skipped values.

use super::{Reader, Result};
use crate::wire::fault::{Fault, What};

/// The depth to which skipped values may be nested: a bit for each level. Answers of the API have five levels.
const MAX_DEPTH: u32 = u128::BITS;

impl Reader<'_> {
    /// Skips a value of any kind.
    pub(in crate::wire) fn skip(&mut self) -> Result<()> {
        // A bit for each open array (0) or object (1). The lowest is the innermost.
        let (mut objects, mut depth) = (0_u128, 0);
        loop {
            match self.peek() {
                Some(open @ (b'{' | b'[')) => {
                    if depth == MAX_DEPTH {
                        return Err(Fault::new(self.at, What::TooDeep));
                    }
                    self.at += 1;
                    objects = objects << 1 | u128::from(open == b'{');
                    depth += 1;
                    if self.peek() != Some(close(objects)) {
                        self.skip_key(objects)?;
                        continue;
                    }
                }
                Some(b'"') => _ = self.string()?,
                Some(b'-' | b'0'..=b'9') => _ = self.number()?,
                Some(b't') => self.word("true")?,
                Some(b'f') => self.word("false")?,
                Some(b'n') => self.word("null")?,
                _ => return Err(self.malformed("a value")),
            }
            // After a value: any number of closing brackets, then the next value, if there is one.
            loop {
                if depth == 0 {
                    return Ok(());
                }
                if self.take(b',') {
                    self.skip_key(objects)?;
                    break;
                }
                self.expect(close(objects), "`,` or the end of an array or object")?;
                objects >>= 1;
                depth -= 1;
            }
        }
    }

    /// Skips a key, if the innermost open value is an object.
    fn skip_key(&mut self, objects: u128) -> Result<()> {
        if objects & 1 == 0 {
            return Ok(());
        }
        self.string()?;
        self.expect(b':', "`:`")
    }

    /// The number of elements of an array from here on, up to the first that is malformed.
    pub(in crate::wire) fn count(&self) -> usize {
        let mut ahead = self.clone();
        let mut count = 0;
        while ahead.skip().is_ok() {
            count += 1;
            if !ahead.take(b',') {
                break;
            }
        }
        count
    }
}

/// The closing bracket of the innermost array or object.
fn close(objects: u128) -> u8 {
    if objects & 1 == 0 { b']' } else { b'}' }
}
