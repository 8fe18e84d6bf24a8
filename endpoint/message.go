package endpoint

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"strings"

	"golang.org/x/image/draw"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/dataset/cot"
)

// Instruction is what [Client.Describe] tells its model. It asks for each frame by itself, because a description that
// compares is of no use once the frames are exchanged.
const Instruction dataset.Prompt = "Two pictures, img1 and img2, show a robot at two moments of one task.\n" +
	"Task name: {task_name}\n" +
	"The order of the pictures says nothing about the order of the moments. Robots fail: what was done may have come undone.\n" +
	"1. state_difference: describe the state in each picture by itself, in one or two English sentences of at most 60 words:" +
	" gripper (open, closing, closed, what it holds), position of the robot's hand and of the objects, distance to the goal." +
	" Do not mention the pictures, their names or their order, and do not compare.\n" +
	"2. analysis: from these descriptions alone, reason which state is closer to completion of the task.\n" +
	"3. closer_to_completion: img1 or img2.\n" +
	"Answer with one JSON object of these three fields."

const (
	maxWidth    = 800 // of a frame, in pixels; as the reference
	jpegQuality = 90
)

// schema is the form of a description. The verdict stands last, so that the model has described before it judges.
var schema = json.RawMessage(`{"type":"object","properties":{` +
	`"state_difference":{"type":"object","properties":{"img1":{"type":"string"},"img2":{"type":"string"}},"required":["img1","img2"],"additionalProperties":false},` +
	`"analysis":{"type":"string"},` +
	`"closer_to_completion":{"type":"string","enum":["img1","img2"]}},` +
	`"required":["state_difference","analysis","closer_to_completion"],"additionalProperties":false}`)

type object = map[string]any

func textPart(text string) object { return object{"type": "text", "text": text} }

// imagePart is a frame as JPEG inside a URL, at most maxWidth wide. Kind and number name it in errors.
func imagePart(kind string, number int, img image.Image) (object, error) {
	if img == nil || img.Bounds().Empty() {
		return nil, fmt.Errorf("endpoint: %s %d: the image is empty", kind, number)
	}
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	if w > maxWidth {
		w, h = maxWidth, max(1, h*maxWidth/w)
	}
	rgba := image.NewRGBA(image.Rect(0, 0, w, h)) // which package jpeg encodes fastest
	draw.CatmullRom.Scale(rgba, rgba.Bounds(), img, img.Bounds(), draw.Src, nil)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, rgba, &jpeg.Options{Quality: jpegQuality}); err != nil {
		return nil, fmt.Errorf("endpoint: %s %d: %w", kind, number, err)
	}
	url := "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
	return object{"type": "image_url", "image_url": object{"url": url}}, nil
}

// tokens are what answers cost, unusable ones too.
type tokens struct{ in, out int }

// read takes the answer out of a response of status 200, and counts its tokens in any case.
func (t *tokens) read(data []byte, use func(text string, cut bool) error) *Error {
	var c struct {
		Choices []struct {
			FinishReason string `json:"finish_reason"`
			Message      struct {
				Content string `json:"content"`
				Refusal string `json:"refusal"`
			} `json:"message"`
		} `json:"choices"`
		Usage struct {
			In  int `json:"prompt_tokens"`
			Out int `json:"completion_tokens"`
		} `json:"usage"`
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return &Error{reason: malformed, again: true, Err: err}
	}
	t.in += c.Usage.In
	t.out += c.Usage.Out
	if len(c.Choices) == 0 {
		return &Error{reason: malformed, again: true, Err: errors.New("no choices")}
	}
	choice := c.Choices[0]
	if choice.Message.Refusal != "" || choice.FinishReason == "content_filter" {
		return &Error{reason: refused}
	}
	if err := use(choice.Message.Content, choice.FinishReason == "length"); err != nil {
		return &Error{reason: malformed, again: true, Err: err}
	}
	return nil
}

// verdict reads the text of a description.
func verdict(text string, cut bool) (a cot.Answer, err error) {
	var said struct {
		Details *struct{ Img1, Img2 *string } `json:"state_difference"`
		Closer  string                        `json:"closer_to_completion"`
	}
	if err := json.Unmarshal(unfenced(text), &said); err != nil {
		if cut {
			err = errors.New("cut off at the greatest number of tokens")
		}
		return a, err
	}
	d, closer := said.Details, strings.ToLower(strings.TrimSpace(said.Closer))
	if d == nil || d.Img1 == nil || d.Img2 == nil || closer != dataset.Img1 && closer != dataset.Img2 {
		return a, errors.New("not of the form asked for")
	}
	return cot.Answer{Detail: [2]string{*d.Img1, *d.Img2}, Closer: closer}, nil
}

// unfenced takes off the Markdown fence that models put around JSON where a server does not hold them to a schema.
func unfenced(content string) []byte {
	content = strings.TrimSpace(content)
	if inner, ok := strings.CutPrefix(content, "```"); ok {
		inner = strings.TrimPrefix(inner, "json")
		content = strings.TrimSuffix(strings.TrimSpace(inner), "```")
	}
	return []byte(content)
}
