package propose

// What the tests, which need the grammar and stand outside for that, see of the inside.
const (
	MaxAnswer  = maxAnswer
	MaxReason  = maxReason
	MaxPlan    = maxPlan
	MaxFacts   = maxFacts
	AnswerForm = answerForm
)

type Proposal = proposal

func Listed(steps []string) string { return listed(steps) }
