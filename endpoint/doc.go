// Package endpoint asks models behind servers that speak OpenAI's chat completions, such as vLLM, llama.cpp and hosted ones.
//
// A [Client] is a [decompose.Generator], which splits tasks into subtasks, and a [cot.Maker], which describes the frames of
// samples. Nothing else in the library opens a connection.
//
// The client is written on net/http. github.com/openai/openai-go/v3 v3.98.0 (Apache 2.0) brings 33 packages of six modules,
// reads responses of any length, and its retries end before an answer is looked at: the loop around it, the bound, the
// shared wait and the redaction would stay here, so it saves no code. github.com/hashicorp/go-retryablehttp v0.7.8 (MPL 2.0)
// heeds Retry-After with the statuses 429 and 503 alone and then without a limit, and lets the other requests go on meanwhile.
package endpoint
