//! The rules of the walk, one by one, on pages made by hand.

mod end;
mod failures;
mod given_cursor;
mod healing;
mod healing_places;
mod order;
mod places;
mod refusals;
mod reverse;
mod seek;
mod size;
mod support;
mod view;
