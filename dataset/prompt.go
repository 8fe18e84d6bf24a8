package dataset

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// Prompt is the user text that follows the two images. The placeholder {task_name} stands for the task's name.
// The zero value means [Long]. A prompt of a user's own asks for descriptions of both frames before the verdict if it
// contains "spatial details:", as [CoT] does.
type Prompt string

// The prompts of the reference system. Checkpoints are trained on these exact bytes (the blank before a line break
// in Long, the blanks around "img1" in CoT), so they are data rather than prose to be tidied.
const (
	// Long is the prompt of the Long and General stages.
	Long Prompt = "You are a spatial awareness expert.\n" +
		"Your task is to observe and describe two pictures (img1 and img2) respectively." +
		" Hint: These two pictures occur in the same task.\n" +
		"Task name:{task_name} \n" +
		"Output format: closer to completion: \"Your judgment\"[img1/img2]"

	// Tag is the prompt of the Tag stage: the verdict alone.
	Tag Prompt = "你是一位空间感知专家。\n" +
		"请仔细观察两张图片(img1和img2)。 提示: 这两张图片发生在同一个任务中，描述了不同的任务完成状态。\n" +
		"任务名称: {task_name}\n" +
		"请你直接给出最终答案。\n" +
		"输出格式:\n" +
		"closer to completion: [img1/img2]"

	// CoT is the prompt of the chain-of-thought stage: describe both frames, then give the verdict.
	CoT Prompt = "你是一位空间感知专家。\n" +
		"请仔细观察并分别描述两张图片(img1和img2)。 提示: 这两张图片发生在同一个任务中，描述了不同的任务完成状态。\n" +
		"任务名称: {task_name}\n" +
		"描述要点:\n" +
		"1.对img1 和 img2 进行详细的描述。\n" +
		"2.基于上述描述，分析哪一张图片(img1 或img2)中的状态更接近任务的最终完成阶段。\n" +
		"3.直接给出最终答案。\n" +
		"输出格式:\n" +
		"spatial details: [分别详细描述两张图片的空间细节]\n" +
		"closer to completion: [img1/img2]"
)

// Remaining is not of the reference: it follows one image, and asks for what is left to do. The answer is a JSON list of
// texts, empty once all is done.
const Remaining Prompt = "You are a spatial awareness expert.\n" +
	"Your task is to observe one picture and tell which subtasks remain.\n" +
	"Task name:{task_name} \n" +
	"Output format: [\"subtask\", ...]"

// The pieces of a target text.
const (
	Details = "spatial details: "      // precedes the descriptions of both frames, on a line of its own
	Verdict = "closer to completion: " // precedes Img1 or Img2, at the end of every target
)

const taskPlaceholder = "{task_name}"

// Check tells what keeps a prompt from being asked with: it is not UTF-8, or has no place for the task's name. The zero value is sound.
func (p Prompt) Check() error {
	switch {
	case !utf8.ValidString(string(p)):
		return errors.New("is not valid UTF-8")
	case p != "" && !strings.Contains(string(p), taskPlaceholder):
		return errors.New("has no " + taskPlaceholder + ", which the task's name takes the place of")
	}
	return nil
}

// Text is the prompt for a task. The task's name is inserted as it is.
func (p Prompt) Text(task string) string {
	if p == "" {
		p = Long
	}
	return strings.ReplaceAll(string(p), taskPlaceholder, task)
}

// Target is the answer a model should give to the prompt: "closer to completion: img1", for [CoT] after a line
// "spatial details: img1: …; img2: …". It holds no end-of-turn token.
//
// An unlabelled sample (Closer == "") has the empty target, which a trainer must not learn from. A sample without
// both descriptions has only the verdict: an empty details line would teach a model to say nothing there. The target of
// a [KindPlan] is the list of actions that its plan has left.
func (p Prompt) Target(s Sample) string {
	if s.Kind == KindPlan {
		return JSONList(s.Remaining())
	}
	if s.Closer == "" {
		return ""
	}
	verdict := Verdict + s.Closer
	d1, d2 := oneLine(s.Detail[0]), oneLine(s.Detail[1])
	if !p.Explains() || d1 == "" || d2 == "" {
		return verdict
	}
	return Details + Img1 + ": " + d1 + "; " + Img2 + ": " + d2 + "\n" + verdict
}

// JSONList is a JSON list of texts, as [Remaining] asks for it.
func JSONList(texts []string) string {
	var b strings.Builder
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	if err := out.Encode(append([]string{}, texts...)); err != nil {
		panic(err) // strings can always be written
	}
	return strings.TrimSpace(b.String())
}

// Explains reports whether the prompt asks for descriptions of the frames before the verdict.
func (p Prompt) Explains() bool {
	return strings.Contains(string(p), strings.TrimSpace(Details))
}

// oneLine keeps a description from ending its line early: a reader of the answer looks for the verdict on the next.
func oneLine(s string) string {
	return strings.Join(strings.Fields(s), " ")
}
