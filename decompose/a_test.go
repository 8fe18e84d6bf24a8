package decompose

import "testing"

func TestLib(t *testing.T) {
	for _, n := range []string{"skills.txt", "motions.txt"} {
		l, err := Load(files, "things.txt", n)
		if err != nil {
			t.Error(err)
			continue
		}
		t.Log(len(l.actions), len(l.kinds))
	}
}
