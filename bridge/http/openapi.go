package main

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/egotsr/egotsr"
)

type object = map[string]any

// openapi writes the document of the route table, with schemas of the very types that are decoded and encoded.
func openapi(routes []route) []byte {
	paths := object{}
	for _, rt := range routes {
		item, _ := paths[rt.path].(object)
		if item == nil {
			item = object{}
			paths[rt.path] = item
		}
		item[strings.ToLower(rt.method)] = operation(rt)
	}
	data, err := json.MarshalIndent(object{"openapi": "3.1.0",
		"info":       object{"title": "egotsr bridge", "version": "1"},
		"security":   []any{object{"token": []any{}}},
		"paths":      paths,
		"components": object{"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer"}}, "schemas": object{"error": schema(reflect.TypeFor[refusal]())}},
	}, "", " ")
	if err != nil {
		panic(err) // of constants
	}
	return data
}

func operation(rt route) object {
	responses := object{}
	for _, status := range rt.statuses() {
		responses[strconv.Itoa(status)] = response(rt, status)
	}
	op := object{"summary": rt.summary, "responses": responses}
	if rt.open {
		op["security"] = []any{}
	}
	var parameters []any
	if strings.Contains(rt.path, "{id}") {
		parameters = append(parameters, object{"name": "id", "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	if rt.raw {
		parameters = append(parameters, object{"name": "at", "in": "query", "description": "when it was taken: RFC 3339, or seconds since 1970", "schema": object{"type": "string"}})
	}
	if parameters != nil {
		op["parameters"] = parameters
	}
	if rt.in != nil {
		s := schema(reflect.TypeOf(rt.in))
		content := object{"application/json": object{"schema": s}, "multipart/form-data": object{"schema": s}}
		if rt.raw {
			content["image/*"] = object{}
		}
		op["requestBody"] = object{"required": true, "content": content}
	}
	return op
}

// statuses are all that a route can answer, but for 500.
func (rt route) statuses() []int {
	all := []int{200}
	switch {
	case rt.method == "DELETE":
		all = []int{204}
	case rt.path == "/v1/sessions":
		all = []int{201, 429}
	}
	if !rt.open {
		all = append(all, 401)
	}
	if strings.HasPrefix(rt.path, "/v1/sessions/") {
		all = append(all, 404)
	}
	if rt.work {
		all = append(all, 400, 408, 413, 415, 422, 503, 504)
	}
	if rt.path == "/readyz" || strings.HasSuffix(rt.path, "/events") {
		all = append(all, 503)
	}
	slices.Sort(all)
	return all
}

func response(rt route, status int) object {
	if status >= 400 {
		return object{"description": "refused", "content": object{"application/json": object{"schema": object{"$ref": "#/components/schemas/error"}}}}
	}
	r := object{"description": "answered"}
	if rt.media != "" {
		r["content"] = object{rt.media: object{}}
	} else if rt.out != nil {
		r["content"] = object{"application/json": object{"schema": schema(reflect.TypeOf(rt.out))}}
	}
	return r
}

// schema is the JSON Schema of a type, as encoding/json writes it.
func schema(t reflect.Type) object {
	switch t {
	case reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case reflect.TypeFor[[]byte]():
		return object{"type": "string", "contentEncoding": "base64"}
	case reflect.TypeFor[json.RawMessage]():
		return object{}
	case reflect.TypeFor[egotsr.Trend]():
		return object{"enum": []string{"unknown", "stalled", "advancing", "regressing", "recovering", "done"}}
	case reflect.TypeFor[egotsr.Side]():
		return object{"enum": []string{"undecided", "img1", "img2"}}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return object{"anyOf": []any{schema(t.Elem()), object{"type": "null"}}}
	case reflect.Slice, reflect.Array:
		return object{"type": "array", "items": schema(t.Elem())}
	case reflect.Struct:
		return properties(t)
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Int:
		return object{"type": "integer"}
	}
	return object{}
}

func properties(t reflect.Type) object {
	fields, required := object{}, []string{}
	for i := range t.NumField() {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		fields[name] = schema(t.Field(i).Type)
		if !strings.Contains(options, "omit") {
			required = append(required, name)
		}
	}
	return object{"type": "object", "properties": fields, "required": required}
}
