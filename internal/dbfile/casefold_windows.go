package dbfile

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// caseSensitiveDir is FILE_CS_FLAG_CASE_SENSITIVE_DIR.
const caseSensitiveDir = 1

// folderIgnoresCase asks for the folder's own attribute, which programs from
// Linux may have set. No answer means yes.
// Source: https://learn.microsoft.com/windows/wsl/case-sensitivity.
func folderIgnoresCase(dir string) bool {
	handle, err := openForAttributes(dir)
	if err != nil {
		return true
	}
	defer windows.CloseHandle(handle) // opened for its attributes only
	var flags uint32
	err = windows.GetFileInformationByHandleEx(handle, windows.FileCaseSensitiveInfo,
		(*byte)(unsafe.Pointer(&flags)), uint32(unsafe.Sizeof(flags)))
	return err != nil || flags&caseSensitiveDir == 0
}
