package dbfile

import "golang.org/x/sys/unix"

// casefoldFlag is FS_CASEFOLD_FL of linux/fs.h.
const casefoldFlag = 0x40000000

// folderIgnoresCase asks the kernel: ext4, f2fs, bcachefs and tmpfs have a
// flag for each folder, which changes only while the folder is empty; vfat
// and exfat always ignore case. No answer means no.
// Source: https://docs.kernel.org/admin-guide/ext4.html, "Case-insensitive file name lookups".
func folderIgnoresCase(dir string) bool {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd) // a folder: no locks, nothing written
	if flags, err := unix.IoctlGetUint32(fd, unix.FS_IOC_GETFLAGS); err == nil {
		return flags&casefoldFlag != 0
	}
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil {
		return false
	}
	return fs.Type == unix.MSDOS_SUPER_MAGIC || fs.Type == unix.EXFAT_SUPER_MAGIC
}
