// Package dataset turns recorded robot episodes into the samples that a judge of task progress learns from and is
// measured by.
//
// A [Sample] is two frames of one episode, the task's name, and the frame that is closer to completion. A [Source]
// hands samples out by index, so a training run can stop, resume and be split over machines with one integer as its
// whole state. A [Prompt] renders a sample as the text a model reads and the text it should answer.
//
// [Simulated] reads episodes whose true distance to the goal is known. [NewPairs] draws an endless-looking but
// reproducible stream of training pairs from them; [ValidationPairs] lists pairs to measure with.
//
// Labels come from the state of the world, never from the clock: a frame is closer to completion when fewer steps
// remain from it, even where it was recorded earlier. Position carries no information either, see [Sample.Swap].
package dataset
