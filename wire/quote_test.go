package wire

import "testing"

func TestQuote(t *testing.T) {
	for text, want := range map[string]string{
		"":                    `""`,
		"a b/ü.db":            `"a b/ü.db"`,
		`C:\Users\me\a.db`:    `"C:\Users\me\a.db"`,
		`\\.\pipe\SkylineDBd`: `"\\.\pipe\SkylineDBd"`,
		"a\nb":                `"a\nb"`,
		"C:\\a\nb":            `"C:\\a\nb"`,
		"\xff":                `"\xff"`,
		`say "a"`:             `"say \"a\""`,
		`say \"a\"`:           `"say \\\"a\\\""`,
		"\u202egnp.exe":       `"\u202egnp.exe"`,
	} {
		if got := Quote(text); got != want {
			t.Errorf("Quote(%q) = %s, want %s", text, got, want)
		}
	}
	const path = `C:\a.db`
	if got := Errorf(CodeIOError, "%q %s %v %d %.2s %.2q.", path, path, path, 7, path, "abc").Message; got != `"C:\a.db" C:\a.db C:\a.db 7 C: "ab".` {
		t.Error(got)
	}
}
