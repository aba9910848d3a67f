package history

// claims tell by database which batch a rev belongs to, as far as a reply says
// it. A database has each rev once, so no batch without an answer can have
// that rev as well. This is nothing that the model does not know; it only
// spares the search much of its way.
type claims map[int]map[int64]*input

func claimsOf(events []*event) claims {
	all := claims{}
	for _, e := range events {
		r := e.Out.Reply
		if e.In.Kind != batch || r == nil || r.Rev == nil || r.Err() != nil || !e.In.writes() {
			continue
		}
		if all[e.In.DB] == nil {
			all[e.In.DB] = map[int64]*input{}
		}
		if revs := all[e.In.DB]; revs[*r.Rev] == nil || !r.Replayed {
			revs[*r.Rev] = e.In
		}
	}
	return all
}

// allow reports whether a batch without an answer can be the one that made
// rev: nobody else says so of his own, or only a repeat of this one does.
func (c claims) allow(in *input, rev int64) bool {
	owner := c[in.DB][rev]
	return owner == nil || owner == in || in.ID != "" && owner.ID == in.ID
}
