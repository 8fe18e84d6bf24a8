package lerobot

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// table is an open Parquet file, of which single columns are read.
type table struct {
	name string
	file *parquet.File
}

// open hands a Parquet file to read. A damaged file can make the Parquet reader panic; that becomes an error as well.
func (d *folder) open(name string, read func(*table) error) (err error) {
	f, err := os.Open(filepath.Join(d.dir, filepath.FromSlash(name)))
	if err != nil {
		return wrap(name, -1, err)
	}
	defer f.Close()
	defer func() {
		if p := recover(); p != nil {
			err = fail(name, -1, "damaged: %v", p)
		}
	}()
	stat, err := f.Stat()
	if err != nil {
		return wrap(name, -1, err)
	}
	file, err := parquet.OpenFile(f, stat.Size(), parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true))
	if err != nil {
		return wrap(name, -1, err)
	}
	if err := read(&table{name: name, file: file}); err != nil {
		return wrap(name, -1, err)
	}
	return nil
}

func (t *table) has(column string) bool {
	return slices.ContainsFunc(t.file.Schema().Columns(), func(path []string) bool { return path[0] == column })
}

// each calls f with every value of a column that is not a list, in order.
func (t *table) each(column string, f func(row int, v parquet.Value) error) error {
	leaf, ok := t.file.Schema().Lookup(column)
	if !ok {
		return fmt.Errorf("no column %s", column)
	}
	if leaf.MaxRepetitionLevel > 0 {
		return fmt.Errorf("column %s holds lists", column)
	}
	row := 0
	for _, group := range t.file.RowGroups() {
		end := row + int(group.NumRows())
		err := walk(group.ColumnChunks()[leaf.ColumnIndex], 0, func(v parquet.Value) error {
			row++
			return f(row-1, v)
		})
		if err != nil {
			return fmt.Errorf("column %s: %w", column, err)
		}
		if row != end {
			return fmt.Errorf("column %s has %d values in place of %d", column, row, end)
		}
	}
	return nil
}

// errStop ends a walk early.
var errStop = errors.New("stop")

// walk calls f with the values of a column chunk from a row on. The values are valid during the call.
func walk(chunk parquet.ColumnChunk, from int, f func(parquet.Value) error) (err error) {
	pages := chunk.Pages()
	defer pages.Close()
	if from > 0 {
		if err := pages.SeekToRow(int64(from)); err != nil {
			return err
		}
	}
	var buffer [256]parquet.Value
	for {
		page, err := pages.ReadPage()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for values := page.Values(); ; {
			n, err := values.ReadValues(buffer[:])
			for _, v := range buffer[:n] {
				if err := f(v); err != nil {
					return err
				}
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				return err
			}
		}
		parquet.Release(page)
	}
}

// numbers reads a column of numbers of any width; nulls are NaN. pandas turns whole numbers into floating ones
// where it joins tables, so the type alone tells nothing.
func (t *table) numbers(column string) (numbers []float64, err error) {
	err = t.each(column, func(_ int, v parquet.Value) error {
		x := math.NaN()
		if !v.IsNull() {
			switch v.Kind() {
			case parquet.Int32:
				x = float64(v.Int32())
			case parquet.Int64:
				x = float64(v.Int64())
			case parquet.Float:
				x = float64(v.Float())
			case parquet.Double:
				x = v.Double()
			default:
				return fmt.Errorf("holds %v, not numbers", v.Kind())
			}
		}
		numbers = append(numbers, x)
		return nil
	})
	return numbers, err
}

// maxCount is above any count or index of a dataset and far below what float64 or a 32-bit int cannot hold.
const maxCount = 1 << 30

// counts reads a column of whole numbers that are not negative.
func (t *table) counts(column string) ([]int, error) {
	return t.whole(column, 0)
}

// labels reads a column of indexes in which negative numbers and nulls, here -1, say that there is none.
func (t *table) labels(column string) ([]int, error) {
	return t.whole(column, -1)
}

func (t *table) whole(column string, least int) ([]int, error) {
	numbers, err := t.numbers(column)
	if err != nil {
		return nil, err
	}
	counts := make([]int, len(numbers))
	for row, x := range numbers {
		if least < 0 && !(x >= 0) {
			x = -1
		}
		if !(x >= float64(least) && x <= maxCount) || x != math.Trunc(x) {
			return nil, fmt.Errorf("row %d: %s is %v", row, column, x)
		}
		counts[row] = int(x)
	}
	return counts, nil
}

// texts reads a column of texts. Nulls are empty.
func (t *table) texts(column string) (texts []string, err error) {
	err = t.each(column, func(_ int, v parquet.Value) error {
		text, err := text(v)
		texts = append(texts, text)
		return err
	})
	return texts, err
}

func text(v parquet.Value) (string, error) {
	if v.IsNull() {
		return "", nil
	}
	if v.Kind() != parquet.ByteArray {
		return "", fmt.Errorf("holds %v, not texts", v.Kind())
	}
	return string(v.ByteArray()), nil
}

// list reads one row of one field of a column that is a list of structs, without decoding the rows before it more
// than necessary: lerobot repeats an episode's whole list in each of its rows.
func (t *table) list(column, fieldName string, row int) ([]parquet.Value, error) {
	leaf := -1
	for k, path := range t.file.Schema().Columns() {
		if path[0] == column && path[len(path)-1] == fieldName {
			leaf = k
		}
	}
	if leaf < 0 {
		return nil, fmt.Errorf("column %s has no field %s", column, fieldName)
	}
	for _, group := range t.file.RowGroups() {
		if n := int(group.NumRows()); row >= n {
			row -= n
			continue
		}
		var list []parquet.Value
		err := walk(group.ColumnChunks()[leaf], row, func(v parquet.Value) error {
			if len(list) > 0 && v.RepetitionLevel() == 0 {
				return errStop // the next row
			}
			list = append(list, v.Clone())
			return nil
		})
		if err != nil && err != errStop {
			return nil, fmt.Errorf("column %s: %w", column, err)
		}
		return list, nil
	}
	return nil, fmt.Errorf("column %s has no row %d", column, row)
}
