package transport

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// currentUser returns the security identifier of the user who runs us.
func currentUser() (*windows.SID, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, fmt.Errorf("find the current user: %w", err)
	}
	return user.User.Sid, nil
}

// privateAttributes makes a pipe that belongs to the current user, whose
// processes have every right to it, as has the system account, which can take
// any right anyway. Nobody else has one: the P keeps rights from being inherited.
//
// The owner is named because a process with administrator's rights would make
// the pipe the Administrators' otherwise, and checkOwner would refuse it.
//
// Source: https://learn.microsoft.com/en-us/windows/win32/secauthz/security-descriptor-string-format
func privateAttributes() (*windows.SecurityAttributes, error) {
	user, err := currentUser()
	if err != nil {
		return nil, err
	}
	sddl := fmt.Sprintf("O:%[1]sD:P(A;;GA;;;%[1]s)(A;;GA;;;SY)", user)
	sd, err := windows.SecurityDescriptorFromString(sddl)
	if err != nil {
		return nil, fmt.Errorf("make the security descriptor %q: %w", sddl, err)
	}
	sa := &windows.SecurityAttributes{SecurityDescriptor: sd}
	sa.Length = uint32(unsafe.Sizeof(*sa))
	return sa, nil
}

// checkOwner fails with ErrForeign unless the pipe belongs to our own user. To
// make an object somebody else's takes a privilege that users do not have, so
// the owner is the user of the process that made the pipe.
func checkOwner(pipe windows.Handle) error {
	user, err := currentUser()
	if err != nil {
		return err
	}
	sd, err := windows.GetSecurityInfo(pipe, windows.SE_KERNEL_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return fmt.Errorf("find the pipe's owner: %w", err)
	}
	owner, _, err := sd.Owner()
	if err != nil {
		return fmt.Errorf("find the pipe's owner: %w", err)
	}
	if owner == nil || !owner.Equals(user) {
		return fmt.Errorf("%w: it belongs to %v and not to %v, who runs this program", ErrForeign, owner, user)
	}
	return nil
}
