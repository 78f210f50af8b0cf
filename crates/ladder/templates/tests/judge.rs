//! The judge: one test for each rung.

gradbook_ladder::judge!(ladder);
