package model

import "strings"

// useBF16 is the way out for whoever wanted a smaller model.
const useBF16 = "use a bf16 checkpoint, Options.Weights int8 quantises it"

// refuseQuantised refuses weights that are codes of numbers, which other programs' kernels decode.
func refuseQuantised(f *fields) {
	const field = "quantization_config"
	q := f.object(field)
	if q.values == nil {
		return
	}
	method := q.string("quant_method", "")
	if method == "" && (q.bool("load_in_4bit", false) || q.bool("load_in_8bit", false)) {
		method = "bitsandbytes" // which did not name itself at first
	}
	if method == "" {
		method = "a method that it does not name"
	}
	f.fail(field, "quantised by %s; %s", method, useBF16)
}

// codes are the ends of names that tensors beside quantised weights have.
var codes = map[string]string{
	".qweight": "awq or gptq", ".SCB": "bitsandbytes", ".weight.absmax": "bitsandbytes", ".weight_scale_inv": "fp8", ".weight_scale": "fp8",
}

// quantisedBy tells by its name a tensor that only quantised weights have, or gives "".
func quantisedBy(name string) string {
	for end, method := range codes {
		if strings.HasSuffix(name, end) {
			return method
		}
	}
	return ""
}
