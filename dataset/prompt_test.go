package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

// The literals are written without the concatenation used in prompt.go, so that a slip there shows.
func TestPromptBytes(t *testing.T) {
	for name, c := range map[string]struct {
		got  Prompt
		want string
	}{
		"Long": {Long, `You are a spatial awareness expert.
Your task is to observe and describe two pictures (img1 and img2) respectively. Hint: These two pictures occur in the same task.
Task name:{task_name} ` + `
Output format: closer to completion: "Your judgment"[img1/img2]`},
		"Tag": {Tag, `你是一位空间感知专家。
请仔细观察两张图片(img1和img2)。 提示: 这两张图片发生在同一个任务中，描述了不同的任务完成状态。
任务名称: {task_name}
请你直接给出最终答案。
输出格式:
closer to completion: [img1/img2]`},
		"CoT": {CoT, `你是一位空间感知专家。
请仔细观察并分别描述两张图片(img1和img2)。 提示: 这两张图片发生在同一个任务中，描述了不同的任务完成状态。
任务名称: {task_name}
描述要点:
1.对img1 和 img2 进行详细的描述。
2.基于上述描述，分析哪一张图片(img1 或img2)中的状态更接近任务的最终完成阶段。
3.直接给出最终答案。
输出格式:
spatial details: [分别详细描述两张图片的空间细节]
closer to completion: [img1/img2]`},
	} {
		if string(c.got) != c.want {
			t.Errorf("%s is\n%q, want\n%q", name, c.got, c.want)
		}
	}
}

// Sums of the reference's bytes, taken from its description and not from this package.
func TestPromptSums(t *testing.T) {
	for want, p := range map[string]Prompt{
		"86565b285e53f2be0edeee277bfe23d21319480e489d511af0421c864ced1f87": Long,
		"858957dbc5c2c18b2b6723cc6a1e3dd1ac0b5c73b5a5b4a0de20081fe3b2fb98": Tag,
		"baf604875d48159986f662d1eb44187e045b6d39c64cd0d12d610b887442e1a6": CoT,
	} {
		sum := sha256.Sum256([]byte(p))
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("%.30q… has SHA-256 %s, want %s", string(p), got, want)
		}
	}
}

func TestPromptText(t *testing.T) {
	if got := Prompt("").Text("Open a drawer"); got != Long.Text("Open a drawer") {
		t.Errorf("the zero prompt is %q", got)
	}
	for _, p := range []Prompt{Long, Tag, CoT} {
		if got := p.Text("a {task} $1 %s"); !strings.Contains(got, "a {task} $1 %s") || strings.Contains(got, "task_name") {
			t.Errorf("%q", got)
		}
	}
	if got := Prompt("Which one?").Text("x"); got != "Which one?" {
		t.Errorf("a prompt without a placeholder became %q", got)
	}
}

func TestPromptTarget(t *testing.T) {
	described := Sample{Closer: Img2, Detail: [2]string{"gripper\nopen ", "nut  on peg"}}
	for _, c := range []struct {
		prompt Prompt
		sample Sample
		want   string
	}{
		{"", Sample{Closer: Img1}, "closer to completion: img1"},
		{Long, described, "closer to completion: img2"},
		{Tag, described, "closer to completion: img2"},
		{CoT, described, "spatial details: img1: gripper open; img2: nut on peg\ncloser to completion: img2"},
		{CoT, described.Swap(), "spatial details: img1: nut on peg; img2: gripper open\ncloser to completion: img1"},
		{CoT, Sample{Closer: Img1}, "closer to completion: img1"},
		{CoT, Sample{Detail: described.Detail}, ""},
	} {
		if got := c.prompt.Target(c.sample); got != c.want {
			t.Errorf("target %q, want %q", got, c.want)
		}
	}
}
