pub(crate) fn decode(_: &[u8]) {}
