package model

import (
	"fmt"
	"strings"

	"github.com/egotsr/egotsr/internal/safetensors"
)

// unneeded says of a tensor's name that no judgement depends on it: tables of rotary frequencies, which older programs stored and
// config.json gives too, and the heads that reinforcement learning puts beside the language model's.
func unneeded(name string) bool {
	first, _, _ := strings.Cut(name, ".")
	return strings.HasSuffix(name, ".rotary_emb.inv_freq") || strings.HasSuffix(name, ".rotary_pos_emb.inv_freq") ||
		first == "score" || strings.HasSuffix(first, "_head") && first != "lm_head"
}

// passedOver lists the tensors of a checkpoint that are not read: unneeded ones, and the head of a tied checkpoint, which is checked
// to be the embedding again.
func (c Config) passedOver(set *safetensors.Set) (names []string) {
	for _, name := range set.Names() {
		if unneeded(name) || c.TieEmbeddings && name == headName {
			names = append(names, name)
		}
	}
	return names
}

const (
	headName      = "lm_head.weight"
	embeddingName = "model.embed_tokens.weight"
)

// checkTiedHead accepts the output head that a tied checkpoint may store beside the embedding if the two are equal. If they are not,
// there are two models in the file, and programs differ in which they take.
func (c Config) checkTiedHead(set *safetensors.Set) error {
	head, ok := set.Info(headName)
	if !ok || !c.TieEmbeddings {
		return nil
	}
	equal, err := set.Equal(headName, c.storedName(set, embeddingName))
	if err != nil {
		return err
	}
	if !equal {
		return fmt.Errorf("%w: config.json ties the head to the embedding (tie_word_embeddings), and the file has a head of its own that "+
			"differs; for the embedding, as transformers 4 reads it, delete the tensor, and for this head, as transformers 5 reads it, "+
			"set tie_word_embeddings to false", &TensorError{Name: headName, Want: "nothing", Got: fmt.Sprintf("%v %v", head.DType, head.Shape), Count: 1})
	}
	return nil
}
