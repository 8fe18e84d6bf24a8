package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"github.com/egotsr/egotsr/vision"
)

// fields is a request that may come in parts: set takes one of them, by its name.
type fields interface {
	set(name string, data []byte) error
}

// read takes a request's whole body, whose length is bounded before, and decodes it.
func read(w http.ResponseWriter, r *http.Request, into fields) error {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return unread(err)
	}
	// A deadline that passed while the model computes would look as if the client had gone.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	return decode(r.Header.Get("Content-Type"), data, into)
}

// unread leaves what has a status as it is: what remains is a client that broke off.
func unread(err error) error {
	if r := asRefusal(err); r.status != 500 {
		return err
	}
	return refuse(400, "body", err.Error())
}

func decode(contentType string, data []byte, into fields) error {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return refuse(415, "content-type", "application/json or multipart/form-data is expected")
	}
	switch {
	case media == "application/json":
		return decodeJSON(data, into)
	case media == "multipart/form-data":
		return decodeParts(multipart.NewReader(bytes.NewReader(data), params["boundary"]), into)
	case strings.HasPrefix(media, "image/"):
		if f, ok := into.(*frameRequest); ok {
			f.Frame = data
			return nil
		}
	}
	return refuse(415, "content-type", media+" is not taken here: send application/json or multipart/form-data")
}

func decodeJSON(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		switch wrong := (*json.UnmarshalTypeError)(nil); {
		case errors.As(err, &wrong):
			return refuse(422, wrong.Field, err.Error())
		case err == io.EOF:
			return refuse(400, "body", "the body is empty")
		case errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, new(*json.SyntaxError)):
			return refuse(400, "body", err.Error())
		}
		return refuse(422, "body", err.Error()) // a field of no known name, bad base64, a time that is none
	}
	if _, err := d.Token(); err != io.EOF {
		return refuse(400, "body", "something follows the JSON value")
	}
	return nil
}

func decodeParts(parts *multipart.Reader, into fields) error {
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return refuse(400, "body", err.Error())
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return refuse(400, part.FormName(), err.Error())
		}
		if err := into.set(part.FormName(), data); err != nil {
			return err
		}
	}
}

func unknown(name string) error { return refuse(422, name, "there is no field of this name") }

// picture decodes a frame once its header has shown that it is not too large.
func picture(what string, data []byte, budget *frameBudget) (image.Image, error) {
	if len(data) == 0 {
		return nil, refuse(422, what, "the frame is missing")
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, refuse(415, what, "not an image in a known format: "+err.Error())
	}
	if err := budget.take(what, config.Width, config.Height); err != nil {
		return nil, err
	}
	img, err := vision.Decode(data)
	if err != nil {
		if size := (*vision.SizeError)(nil); errors.As(err, &size) {
			return nil, refuse(422, what, err.Error())
		}
		return nil, refuse(415, what, err.Error())
	}
	return img, nil
}

func pictures(ctx context.Context, what string, data [][]byte, budget *frameBudget) ([]image.Image, error) {
	if len(data) > budget.frames {
		return nil, refuse(413, what, fmt.Sprintf("%d frames are too many: a request may have %d", len(data), budget.frames))
	}
	var images []image.Image
	for i, d := range data {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		img, err := picture(fmt.Sprintf("%s %d", what, i), d, budget)
		if err != nil {
			return nil, err
		}
		images = append(images, img)
	}
	return images, nil
}
