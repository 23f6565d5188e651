package sqlite

import "testing"

func TestNetworkFileSystemsAreKnown(t *testing.T) {
	for kind, want := range map[uint32]string{
		0x6969: "NFS", 0xff534d42: "SMB",
		0xef53: "", 0x58465342: "", 0x9123683e: "", 0x01021994: "", 0x794c7630: "", // ext4, XFS, Btrfs, tmpfs, overlay
	} {
		if got := networkName(kind); got != want {
			t.Errorf("%#x is %q, want %q", kind, got, want)
		}
	}
	if err := refuseNetwork(temp(t)); err != nil {
		t.Error(err)
	}
}
