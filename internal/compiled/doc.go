// Package compiled keeps programs that XLA has compiled on disk, so that a second process need not compile them: a judge's first
// verdict then comes about as soon as any other, and without the memory that compiling takes.
//
// PJRT, the interface of XLA's plugins, can write a compiled program down and take it back, and go-xla has no calls for it. But
// go-xla takes a plugin's table of functions from whoever has loaded the plugin. [Keep] hands it a copy of the table whose
// compiler looks on disk first, and is asked to hold fewer values at a time where weights are int8: nothing else changes.
//
// A program is found by all that it depends on: its text and the options of its compilation, the plugin's file, and the
// processor. What cannot be read or written, or is damaged, is compiled as if it had never been kept.
package compiled
