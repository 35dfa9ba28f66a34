//! The rules of the walk, one by one, on pages made by hand.

mod end;
mod order;
mod refusals;
mod support;
