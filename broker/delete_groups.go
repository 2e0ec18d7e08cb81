package broker

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// DeleteGroups, versions 0 to 2 (KIP-229): deletes groups that nobody is in, with
// all that they have committed.

// heldDelete is a request to delete groups until all of them are answered.
type heldDelete struct {
	exchange *exchange
	response *kmsg.DeleteGroupsResponse
	waiting  int
}

func (n *Node) deleteGroups(e *exchange, r *kmsg.DeleteGroupsRequest) {
	h := &heldDelete{exchange: e, response: kmsg.NewPtrDeleteGroupsResponse(), waiting: 1}
	names := slices.Compact(slices.Sorted(slices.Values(r.Groups)))
	h.response.Groups = make([]kmsg.DeleteGroupsResponseGroup, len(names))
	for i, name := range names {
		h.response.Groups[i] = kmsg.NewDeleteGroupsResponseGroup()
		h.response.Groups[i].Group = name
		h.waiting++
		n.deleteGroup(name, func(err error) {
			h.response.Groups[i].ErrorCode = errorCode(err)
			n.groupDeleted(h)
		})
	}
	n.groupDeleted(h)
}

func (n *Node) deleteGroup(name string, done func(error)) {
	coordinator, err := n.groupServiceOf(name)
	if err != nil {
		done(err)
		return
	}
	records, err := coordinator.DeleteGroup(name)
	if err != nil {
		done(err)
		return
	}
	coordinator.write(records, done)
}

// groupDeleted answers when nothing is waited for any more.
func (n *Node) groupDeleted(h *heldDelete) {
	if h.waiting--; h.waiting == 0 {
		n.answer(h.exchange, h.response)
	}
}
