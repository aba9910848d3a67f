package cli

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/wire"
)

func readAll(r recordReader) (all []string, err error) {
	for {
		rec, err := r.read()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		line := fmt.Sprintf("%d:", rec.line)
		for _, v := range rec.values {
			line += " " + string(wire.AppendValue(nil, v))
		}
		all = append(all, line)
	}
}

func csvOf(text string) *csvReader {
	return &csvReader{r: bufio.NewReader(strings.NewReader(text)), delimiter: ',', header: true, limit: 100}
}

func TestCSVReader(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"values", "a,b,c\n1,x,\n-1.5,\"\",\"12\"\n", `2: 1 "x" null|3: -1.5 "" "12"`},
		{"CRLF and no end", "a,b\r\n1,2\r\n3,4", "2: 1 2|3: 3 4"},
		{"quotes", "a\n\"x\"\"y\r\nz\"\n7\n", `2: "x\"y\u000d\u000az"|4: 7`},
		{"mark and empty lines", bom + "a,b\n\n1,2\n\n", "3: 1 2"},
		{"one column", "a\n\nx\n", `2: null|3: "x"`},
		{"CR alone", "a,b\nx\ry,1\n", `2: "x\u000dy" 1`},
		{"empty last field", "a,b\n1,", "2: 1 null"},
		{"header alone", "a,b", ""},
		{"BOM inside", "a\nx" + bom + "\n", `2: "x` + bom + `"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := readAll(csvOf(test.text))
			if diff := cmp.Diff(test.want, strings.Join(got, "|")); diff != "" || err != nil {
				t.Error(diff, err)
			}
		})
	}
}

func TestCSVFaults(t *testing.T) {
	tests := map[string]string{
		"":                               "it is empty",
		"a,\n1,2\n":                      "line 1: column 2 of the header has no name",
		"a,b\n1,2\n1\n":                  "line 3: it has 1 field, and the first line has 2",
		"a,b\n\"1\n2,3\n4,5":             "line 2: a field that begins with a quote",
		"a\n\"x\"y\n":                    "line 2: 'y' stands behind the quote",
		"a\nx\"y\"\n":                    "line 2: a quote stands in a field",
		"a\nok\n\xff\n":                  "line 3: field 1 is not UTF-8",
		"a\n\"\n\n\"\nx\"\n":             "line 5: a quote stands",
		"a\n" + strings.Repeat("x", 101): "line 2: it is longer than 100 bytes",
	}
	for text, want := range tests {
		if got, err := readAll(csvOf(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestCSVOptions(t *testing.T) {
	c := &csvReader{r: bufio.NewReader(strings.NewReader("1;NULL;\n\"NULL\";x;2\n")), delimiter: ';', null: "NULL", limit: 100}
	got, err := readAll(c)
	if diff := cmp.Diff([]string{`1: 1 null ""`, `2: "NULL" "x" 2`}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// What is written as CSV is read back, BLOBs and infinities left out.
func TestCSVRoundTrip(t *testing.T) {
	row := client.Row{integer(7), real(1.5), real(3), text("12"), text("1.5"), text(""), {}, text("a,\"b\"\r\n"), text(" x "), text(bom + "x"), text("1e9")}
	columns := make([]string, len(row))
	for i := range columns {
		columns[i] = fmt.Sprintf("c,%d", i)
	}
	c := csvOf(printed(t, modeCSV, 0, rowsThat(nil, columns, row)))
	rec, err := c.read()
	if diff := cmp.Diff([]wire.Value(row), rec.values); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if diff := cmp.Diff(columns, rec.columns); diff != "" {
		t.Error(diff)
	}
}

func TestJSONReader(t *testing.T) {
	read := func(text string) ([]string, error) {
		return readAll(&jsonReader{r: bufio.NewReader(strings.NewReader(text)), limit: 100})
	}
	got, err := read("{\"a\":1,\"b\":{\"$blob\":\"AP8=\"}}\n\n {\"b\":[1, 2]}\r\n{\"a\":null}")
	want := []string{`1: 1 {"$blob":"AP8="}`, `3: "[1, 2]"`, `4: null`}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for text, want := range map[string]string{
		"{\"a\":1}\n[1]\n": "line 2: it must be an object",
		"{}\n":             "line 1: it has no fields",
		"{\"a\":1}\n\n{":   "line 3: ",
		"{\"a\":" + strings.Repeat(" ", 100) + "1}": "line 1: it is longer",
	} {
		if _, err := read(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}
