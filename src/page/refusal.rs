pub(crate) struct Refusal;
