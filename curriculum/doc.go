// Package curriculum says what a model is trained on, and how. A [Stage] says what is learnt from: a source of samples, how a
// sample becomes a question and an answer, a [Recipe], and when enough is enough. [CoT], [Tag], [LongTag] and [General] are
// the stages of EgoTSR (arXiv 2604.10517); a user's own embeds one of them or implements the interface.
//
// egotsr.NewTrainer runs stages in order, as [Options] say.
package curriculum
