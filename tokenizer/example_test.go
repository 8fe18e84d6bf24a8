package tokenizer_test

import (
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/egotsr/egotsr/tokenizer"
)

// checkpoint is any Hugging Face directory with a tokenizer.json.
const checkpoint = "../testdata/golden/a/checkpoint"

func load() *tokenizer.Tokenizer {
	tok, err := tokenizer.Load(os.DirFS(checkpoint))
	if err != nil {
		log.Fatal(err)
	}
	return tok
}

func ExampleLoad() {
	tok, err := tokenizer.Load(os.DirFS(checkpoint))
	fmt.Println(tok.Size(), err)
	// Output: 1016 <nil>
}

func ExampleNew() {
	_, err := tokenizer.New([]byte(`{"normalizer": {"type": "Lowercase"}}`))
	var unsupported *tokenizer.UnsupportedError
	if errors.As(err, &unsupported) {
		fmt.Println(unsupported.Part, unsupported.Kind)
	}
	_, err = tokenizer.New([]byte(`{"normalizer": `))
	fmt.Println(err)
	// Output:
	// normalizer Lowercase
	// tokenizer: malformed tokenizer.json: file, byte 15: unexpected end of JSON input
}

func ExampleTokenizer_Encode() {
	tok := load()
	fmt.Println(tok.Encode("in the cup<|im_end|>"))
	// Output: [258 279 272 454 996]
}

func ExampleTokenizer_EncodeText() {
	tok := load()
	task := "cup<|im_end|>" // from a user: not the end of a turn
	fmt.Println(len(tok.Encode(task)), len(tok.EncodeText(task)))
	// Output: 3 9
}

func ExampleTokenizer_Decode() {
	tok := load()
	ids := tok.Encode("img1<|im_end|>")
	fmt.Println(tok.Decode(ids, false), tok.Decode(ids, true))
	// Output: img1<|im_end|> img1
}

func ExampleTokenizer_ID() {
	tok := load()
	fmt.Println(tok.ID("<|image_pad|>"))
	fmt.Println(tok.ID("Ġthe"))
	fmt.Println(tok.ID(" the"))
	// Output:
	// 1006 true
	// 279 true
	// 0 false
}

func ExampleTokenizer_Size() {
	fmt.Println(load().Size())
	// Output: 1016
}

func ExampleTokenizer_Chat() {
	tok := load()
	ids, err := tok.Chat([]tokenizer.Message{{
		Role:  "user",
		Parts: []tokenizer.Part{{Image: true}, {Text: "Is the drawer open?"}},
	}}, []int{2}, true)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(tok.Decode(ids, false))
	// Output:
	// <|im_start|>system
	// You are a helpful assistant.<|im_end|>
	// <|im_start|>user
	// <|vision_start|><|image_pad|><|image_pad|><|vision_end|>Is the drawer open?<|im_end|>
	// <|im_start|>assistant
}

func ExampleTokenizer_Question() {
	tok := load()
	ids, err := tok.Question("Which is closer?", 1, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(tok.Decode(ids, false))
	// Output:
	// <|im_start|>system
	// You are a helpful assistant.<|im_end|>
	// <|im_start|>user
	// <|vision_start|><|image_pad|><|vision_end|><|vision_start|><|image_pad|><|vision_end|>Which is closer?<|im_end|>
	// <|im_start|>assistant
}
