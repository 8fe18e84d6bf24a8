package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"net/http"
	"net/http/httptest"

	"github.com/egotsr/egotsr/dataset"
	"github.com/egotsr/egotsr/decompose"
	"github.com/egotsr/egotsr/decompose/english"
	"github.com/egotsr/egotsr/endpoint"
)

// serve stands for a model behind a server, which always says the same.
func serve(text string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"choices": [{"message": {"content": %q}}], "usage": {"prompt_tokens": 900, "completion_tokens": 100}}`, text)
	}))
}

func ExampleClient_Describe() {
	server := serve(`{"state_difference": {"img1": "The drawer is shut.", "img2": "The drawer is open."}, "analysis": "The task is to open it.", "closer_to_completion": "img2"}`)
	defer server.Close()
	c := &endpoint.Client{URL: server.URL + "/v1", Model: "some-vision-model", Key: "sk-…", Rate: 5, PriceIn: 1, PriceOut: 5}
	frame := image.NewGray(image.Rect(0, 0, 64, 64))
	a, err := c.Describe(context.Background(), dataset.Sample{Task: "Open a drawer"}, frame, frame)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Detail[0], a.Detail[1], a.Closer)
	fmt.Println(a.Usage.In, "tokens in,", a.Usage.Out, "out, cost", a.Usage.Cost)
	fmt.Println(c.Key)
	// Output:
	// The drawer is shut. The drawer is open. img2
	// 900 tokens in, 100 out, cost 0.0014
	// [hidden]
}

func ExampleClient_Generate() {
	server := serve("Nothing goes into a closed drawer.\n[\"open(drawer)\", \"pick(fork)\", \"place-in(fork,drawer)\"]")
	defer server.Close()
	c := &endpoint.Client{URL: server.URL + "/v1", Model: "some-vision-model"}
	plan, err := english.Decompose(context.Background(), "Put the fork in the drawer", &decompose.Options{Generator: c})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, s := range plan.Subtasks {
		fmt.Println(i, s.Text, s.After)
	}
	// Output:
	// 0 Open the drawer []
	// 1 Pick up the fork [0]
	// 2 Put the fork in the drawer [0 1]
}

func ExampleError() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"error": {"message": "no such key: %s"}}`, r.Header.Get("Authorization"))
	}))
	defer server.Close()
	c := &endpoint.Client{URL: server.URL + "/v1", Model: "some-vision-model", Key: "sk-…"}
	_, err := c.Generate(context.Background(), "What is on the table?")
	var failed *endpoint.Error
	fmt.Println(err)
	fmt.Println(errors.As(err, &failed) && failed.Final())
	// Output:
	// endpoint: status 401: no such key: Bearer [hidden]
	// true
}
