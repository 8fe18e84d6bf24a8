package compiled

import "bytes"

// The order in which XLA runs a CPU's operations is, unless it is asked for another, one in which as many as possible are ready at
// once.
const (
	order     = "xla_cpu_scheduler_type"
	forMemory = "CPU_SCHEDULER_TYPE_MEMORY_OPTIMIZED"
)

// withOverrides gives the options to compile a program with, a serialised CompileOptionsProto.
//
// Where weights are int8, XLA widens them before it multiplies, and for that they are always ready: in its own order all weights of a
// model are held as float32 at once, four times their size. In this one each is widened when its turn comes.
func withOverrides(asked, program []byte) []byte {
	if !bytes.Contains(program, []byte("xi8>")) {
		return asked
	}
	// A message ends where its bytes do, so a field can be put behind it: env_option_overrides, which is 7 and a map, from a name, 1,
	// to a value, 2, of which the string is 1.
	return append(bytes.Clone(asked), field(7, field(1, []byte(order)), field(2, field(1, []byte(forMemory))))...)
}

// field is a field of a protocol buffer whose value has a length, of at most 127 bytes.
func field(number byte, parts ...[]byte) []byte {
	value := bytes.Join(parts, nil)
	return append([]byte{number<<3 | 2, byte(len(value))}, value...)
}
