// Package evaluate measures how well a task's progress is told: by an egotsr.Model, or by anything of the same methods that is to stand
// beside it. A robot's program needs none of it.
//
// # Five measurements
//
// Each takes what is measured, what it is measured on, and Options, which may be nil:
//
//	r, err := evaluate.Pairs(ctx, m, pairs, nil)              // a Judger: which of two frames is closer
//	on := evaluate.Episodes{List: episodes, Image: pairs.Image}
//	r.Curves, err = evaluate.Curves(ctx, m, on, nil)          // a Placer: rank correlations with true progress
//	r.Done, err = evaluate.Done(ctx, m, on, nil)              // a Finisher: AUC of success detection
//	r.Track, err = evaluate.Track(ctx, m, on, nil)            // a Tracker: setbacks noticed, false alarms, the end
//	r.Plans, err = evaluate.Plans(ctx, m, boundaries, nil)    // a Planner: what remains, exact and by edits
//
// A *egotsr.Model is each of these systems as it is. A foreign one has the one method that is asked: Judge, Progress, Done, Track or
// Plan. It is asked one question at a time, but for a Judger that has JudgeAll as well.
//
// Pairs asks about labelled pairs in both orders. Its Report has the shares of right answers by level and distance and for setbacks,
// with intervals, the Gap between the orders, calibration, and accuracy against coverage, beside judges that do not look and one that
// compares pixels. The other parts of a report are optional. Samples and episodes that cannot be read are listed, not fatal; an error of what is
// measured ends the measurement.
//
// # Reports
//
// WriteTable prints a report, WriteHTML makes one page of it that needs no other file, and it marshals to JSON. Its Manifest has hashes:
// reports are comparable where Questions is the same, and repeat each other where ID is:
//
//	r.Checkpoint, err = evaluate.HashCheckpoint(checkpoint)
//	err = r.AddAnswers("another system", rows)                // a CSV of its answers to the same pairs
//
// examples/validate does all this with -report.
//
// # Tables
//
// Table answers a CSV of pairs, of any length, into another, and goes on where it was stopped. examples/evaluate is that as a program.
//
// # Errors and concurrency
//
// What is wrong with an argument is an *egotsr.InputError; other errors name the sample, episode or row. A measurement holds the images of one pair,
// or of one episode, and whatever a Judger's JudgeAll reads ahead. Any number of measurements may run at once, if what is measured bears it; a
// Report is to be used by one goroutine at a time.
package evaluate
