// Package dataset turns recorded robot episodes into the samples that a judge of task progress learns from and is
// measured by.
//
// A [Sample] is two frames of one episode, the task's name, and the frame that is closer to completion. A [Source]
// hands samples out by index, so a training run can stop, resume and be split over machines with one integer as its
// whole state. A [Prompt] renders a sample as the text a model reads and the text it should answer.
//
// Recordings become samples in four steps:
//
//  1. Package dataset/clips cuts them into clips of single actions; it reads AgiBot World's layout, and package
//     dataset/lerobot LeRobot's.
//  2. [Short] reads clips as episodes, [Simulated] episodes whose true distance to the goal is known.
//  3. [NewPairs] draws an endless-looking but reproducible stream of pairs from episodes, short or long, forward and
//     inverse, with setbacks and with questions that have no answer; [ValidationPairs] lists pairs to measure with.
//     Package dataset/cot describes both frames of a pair. [NewMix] mixes sources,
//     and [NewAugmented] films them anew.
//  4. [NewWriter] writes samples in the reference's formats, and [Open] reads files of any size by index.
//
// An [Order] shuffles a source of any length in no memory, and a [Quarantine] lists what cannot be read while a run goes on.
//
// Labels come from the state of the world, never from the clock: a frame is closer to completion when fewer steps
// remain from it, even where it was recorded earlier. Where that is not known the annotation decides: the order of the
// actions, and inside one action time. Position carries no information either, see [Sample.Swap].
package dataset
