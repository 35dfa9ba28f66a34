//! The rules of the walk, one by one, on pages made by hand.

mod end;
mod failures;
mod given_cursor;
mod order;
mod places;
mod progress;
mod refusals;
mod restart_places;
mod restarts;
mod reverse;
mod seam;
mod seek;
mod size;
mod support;
mod view;
