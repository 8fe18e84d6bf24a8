package english

import "testing"

func TestFirst(t *testing.T) {
	right, wrong, no, all, leaked, refuse := measure(t, "testdata/blind9.tsv", true)
	t.Logf("%d of %d right, %d wrong, %d refused; %d of %d leaked", right, all, wrong, no, leaked, refuse)
}
