package rosbag

import (
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver

	"github.com/egotsr/egotsr/dataset/internal/topics"
)

// source knows the rows of a bag's images. It is a topics.Source.
type source struct {
	files []string
	rows  []row
}

type row struct {
	file int
	id   int64
}

// open opens a file such that nothing in it is changed, and no program in its schema is run.
func open(name string) (*sql.DB, error) {
	if f, err := os.Open(name); err != nil { // SQLite's own error says less
		return nil, err
	} else if err := f.Close(); err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: "mode=ro&_pragma=trusted_schema(0)&_pragma=query_only(1)"}
	// A recorder that died leaves its last rows in a log beside the file; without one, nobody is asked to keep away.
	if info, err := os.Stat(name + "-wal"); err != nil || info.Size() == 0 {
		u.RawQuery += "&immutable=1"
	}
	if cutShort(name) != nil {
		u.RawQuery += "&_pragma=writable_schema(1)" // the one way to have SQLite read what is left of a file
	}
	return sql.Open("sqlite", u.String())
}

// list tells log of a file's messages.
func (s *source) list(file int, log *topics.Log) error {
	name := s.files[file]
	db, err := open(name)
	if err != nil {
		return wrap(name, err)
	}
	defer db.Close()
	var tables int
	if err := db.QueryRow(`SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('topics', 'messages')`).Scan(&tables); err != nil {
		return wrap(name, err)
	}
	if tables != 2 {
		return wrap(name, errors.New("is no rosbag2 file: it has no tables topics and messages"))
	}
	channels, err := listTopics(db, log)
	if err != nil {
		return wrap(name, err)
	}
	last, err := s.listMessages(db, file, channels)
	if err == nil {
		err = cutShort(name)
	}
	if t := (*topics.Error)(nil); errors.As(err, &t) {
		return wrap(name, err)
	}
	if err != nil {
		s.check(db, file, channels)
		return &DamageError{File: name, Row: last, Err: err}
	}
	return nil
}

func listTopics(db *sql.DB, log *topics.Log) (map[int64]*topics.Channel, error) {
	rows, err := db.Query(`SELECT id, name, type, serialization_format FROM topics`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	channels := map[int64]*topics.Channel{}
	for rows.Next() {
		var id int64
		var topic, schema, encoding string
		if err := rows.Scan(&id, &topic, &schema, &encoding); err != nil {
			return nil, err
		}
		channels[id] = log.Channel(topic, schema, encoding)
	}
	return channels, rows.Err()
}

// listMessages goes through the rows in the order in which they were written, up to the first that cannot be read.
func (s *source) listMessages(db *sql.DB, file int, channels map[int64]*topics.Channel) (last int64, err error) {
	rows, err := db.Query(`SELECT id, topic_id, timestamp FROM messages ORDER BY id`)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var id, topic, time int64
		if err := rows.Scan(&id, &topic, &time); err != nil {
			return last, err
		}
		channel := channels[topic]
		if channel == nil {
			return last, fmt.Errorf("row %d is of topic %d, which is not told of", id, topic)
		}
		if channel.Wanted() {
			s.rows = append(s.rows, row{file, id})
			if err := channel.Add(time, len(s.rows)-1, func() ([]byte, error) { return read(db, id) }); err != nil {
				return last, err
			}
		}
		last = id
	}
	return last, rows.Err()
}

func read(db *sql.DB, id int64) (data []byte, err error) {
	err = db.QueryRow(`SELECT data FROM messages WHERE id = ?`, id).Scan(&data)
	return data, err
}

// check takes back the rows of a damaged file whose content cannot be read.
func (s *source) check(db *sql.DB, file int, channels map[int64]*topics.Channel) {
	for _, c := range channels {
		c.Keep(func(ref int) bool {
			if s.rows[ref].file != file {
				return true
			}
			_, err := read(db, s.rows[ref].id)
			return err == nil
		})
	}
}

// cutShort compares a file's length with the number of pages that its header tells of, where that is up to date. Rows in
// the pages that are there do not say that their pictures lie in others.
func cutShort(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	var head [100]byte
	if _, err := io.ReadFull(f, head[:]); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	page := int64(binary.BigEndian.Uint16(head[16:]))
	if page == 1 {
		page = 1 << 16
	}
	pages := int64(binary.BigEndian.Uint32(head[28:]))
	if changed, valid := binary.BigEndian.Uint32(head[24:]), binary.BigEndian.Uint32(head[92:]); changed == valid && info.Size() < page*pages {
		return fmt.Errorf("%d bytes are there of %d", info.Size(), page*pages)
	}
	return nil
}

func (s *source) Files() []string { return s.files }

func (s *source) Open() (topics.Reader, error) { return &reader{source: s, opened: -1}, nil }

// reader holds the file it read from last.
type reader struct {
	*source
	db     *sql.DB
	opened int
}

// Message is the data of a row. It stays as it is when others are read.
func (r *reader) Message(ref int) ([]byte, error) {
	at := r.rows[ref]
	if r.opened != at.file {
		if err := r.Close(); err != nil {
			return nil, err
		}
		db, err := open(r.files[at.file])
		if err != nil {
			return nil, err
		}
		r.db, r.opened = db, at.file
	}
	return read(r.db, at.id)
}

// Close lets go of the file. Reading on opens it again.
func (r *reader) Close() error {
	if r.db == nil {
		return nil
	}
	err := r.db.Close()
	r.db, r.opened = nil, -1
	return err
}
