package decompose

// What tests outside of the package share with those inside.
var (
	Linear     = linear
	MustSearch = mustSearch
)

// Fixture is a problem whose shortest plan is known.
type Fixture struct {
	Name string
	PR   *Problem
	Lib  *Library
}

// Problems are the fixtures.
func Problems() (all []Fixture) {
	for _, c := range problems() {
		all = append(all, Fixture{c.name, c.pr, c.lib})
	}
	return all
}
