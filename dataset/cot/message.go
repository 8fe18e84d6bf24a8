package cot

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"strings"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/internal/openai"
	"github.com/egotsr/egotsr/vision"
)

// Instruction is what an Endpoint tells its model. It asks for each frame by itself, because a description that compares
// is of no use once the frames are exchanged.
const Instruction dataset.Prompt = "Two pictures, img1 and img2, show a robot at two moments of one task.\n" +
	"Task name: {task_name}\n" +
	"The order of the pictures says nothing about the order of the moments. Robots fail: what was done may have come undone.\n" +
	"1. state_difference: describe the state in each picture by itself, in one or two English sentences of at most 60 words:" +
	" gripper (open, closing, closed, what it holds), position of the robot's hand and of the objects, distance to the goal." +
	" Do not mention the pictures, their names or their order, and do not compare.\n" +
	"2. analysis: from these descriptions alone, reason which state is closer to completion of the task.\n" +
	"3. closer_to_completion: img1 or img2.\n" +
	"Answer with one JSON object of these three fields."

// Reasons of an *AnswerError of an Endpoint.
const (
	reasonMalformed = "malformed"
	reasonRefused   = "refused" // the model, or a filter before it, will not answer
)

const maxWidth = 800 // pixels; as the reference

// schema is the answer's form. The verdict stands last, so that the model has described before it judges.
var schema = json.RawMessage(`{"type":"object","properties":{` +
	`"state_difference":{"type":"object","properties":{"img1":{"type":"string"},"img2":{"type":"string"}},"required":["img1","img2"],"additionalProperties":false},` +
	`"analysis":{"type":"string"},` +
	`"closer_to_completion":{"type":"string","enum":["img1","img2"]}},` +
	`"required":["state_difference","analysis","closer_to_completion"],"additionalProperties":false}`)

// body is a request in the form of OpenAI's chat completions.
func (e *Endpoint) body(task string, img1, img2 image.Image) ([]byte, error) {
	type object = map[string]any
	var content []object
	for k, img := range []image.Image{img1, img2} {
		data, err := dataURL(img)
		if err != nil {
			return nil, fmt.Errorf("cot: img%d: %w", k+1, err)
		}
		content = append(content,
			object{"type": "text", "text": fmt.Sprintf("img%d:", k+1)},
			object{"type": "image_url", "image_url": object{"url": data}})
	}
	content = append(content, object{"type": "text", "text": e.instruction().Text(task)})
	tokens := e.MaxTokens
	if tokens == 0 {
		tokens = 1024
	}
	return json.Marshal(object{
		"model": e.Model, "temperature": 0, "max_tokens": tokens,
		"messages":        []object{{"role": "user", "content": content}},
		"response_format": object{"type": "json_schema", "json_schema": object{"name": "comparison", "strict": true, "schema": schema}},
	})
}

// dataURL is an image as JPEG inside a URL, at most maxWidth wide.
func dataURL(img image.Image) (string, error) {
	if img == nil || img.Bounds().Empty() {
		return "", errors.New("the image is empty")
	}
	rgb := vision.ToRGB(img)
	if rgb.W > maxWidth {
		rgb = rgb.Resize(maxWidth, max(1, rgb.H*maxWidth/rgb.W))
	}
	rgba := image.NewRGBA(image.Rect(0, 0, rgb.W, rgb.H)) // which package jpeg encodes fastest
	for i := range rgb.W * rgb.H {
		copy(rgba.Pix[4*i:], rgb.Pix[3*i:3*i+3])
		rgba.Pix[4*i+3] = 255
	}
	return openai.DataURL(rgba)
}

// verdict reads the text of an answer.
func verdict(text string, cut bool) (a Answer, err error) {
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
	return Answer{Detail: [2]string{*d.Img1, *d.Img2}, Closer: closer}, nil
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
