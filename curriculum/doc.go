// Package curriculum trains a model in stages. A [Stage] says what is learnt from: a source of samples, how a sample becomes
// a question and an answer, a [Recipe], and when enough is enough. [CoT], [Tag], [LongTag] and [General] are the stages of
// EgoTSR (arXiv 2604.10517); a user's own embeds one of them or implements the interface.
//
// A [Trainer] runs stages in order. Its order of samples is a function of the seed, and its state (weights, moments, a
// few integers) is saved so that a run killed anywhere goes on to the bit.
package curriculum
