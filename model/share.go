package model

import (
	"context"
	"slices"
)

// share has the prompts of a call that begin alike begin once, where that saves a tenth of the tokens that are computed. Those that
// already stand after a prefix, and then all others too, are left to.
func (m *Model) share(ctx context.Context, prompts []Prompt) ([]Prompt, error) {
	given := 0
	for _, p := range prompts {
		if p.After != nil {
			given++
		}
	}
	if given == len(prompts) || given == 0 && len(prompts) < 2 {
		return prompts, nil
	}
	groups := m.alike(prompts)
	nothing := slices.ContainsFunc(groups, func(g group) bool { return g.cut == 0 })
	if given == 0 && (nothing || !m.worthwhile(prompts, groups)) {
		return prompts, nil
	}
	begin := make([]Prompt, len(groups))
	for k, g := range groups {
		begin[k] = prompts[g.members[0]].head(g.cut, g.shown)
	}
	prefixes, err := m.prefixes(ctx, begin)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(prompts)
	for k, g := range groups {
		for _, i := range g.members {
			out[i] = prompts[i].after(prefixes[k])
		}
	}
	return out, nil
}

// group is prompts that begin alike, in their first cut tokens.
type group struct {
	members []int
	cut     int
	shown   []*Features // by the first member
}

// alike groups the prompts that stand after no prefix by what they begin with, up to the end of the first image, and finds
// how far those of a group agree. At least one token of each is left.
func (m *Model) alike(prompts []Prompt) (groups []group) {
	for i, p := range prompts {
		if p.After != nil {
			continue
		}
		shown, cut := m.shown(p), p.opening(m.Config.ImageToken)
		same := func(g group) bool {
			return g.cut >= cut && agree(prompts[g.members[0]], p, g.shown, shown, cut) == cut
		}
		k := slices.IndexFunc(groups, same)
		if k < 0 {
			groups = append(groups, group{[]int{i}, cut, shown})
			continue
		}
		g := &groups[k]
		first := prompts[g.members[0]]
		limit := min(len(first.IDs), len(p.IDs)) - 1
		if len(g.members) > 1 {
			limit = min(limit, g.cut)
		}
		g.cut = max(cut, agree(first, p, g.shown, shown, limit))
		g.members = append(g.members, i)
	}
	return groups
}

// agree is in how many tokens, up to a limit, two prompts agree, images included. It does not end within an image.
func agree(a, b Prompt, inA, inB []*Features, limit int) int {
	n := 0
	for n < limit && a.IDs[n] == b.IDs[n] && inA[n] == inB[n] {
		n++
	}
	for n > 0 && n < len(inA) && inA[n] != nil && inA[n] == inA[n-1] {
		n--
	}
	return n
}

// worthwhile weighs the tokens of whole prompts, padding and all, against those of their beginnings and rests.
func (m *Model) worthwhile(prompts []Prompt, groups []group) bool {
	whole, rest, first := 0, 0, 0
	for _, p := range prompts {
		whole = max(whole, len(p.IDs))
	}
	for _, g := range groups {
		first = max(first, g.cut)
		for _, i := range g.members {
			rest = max(rest, len(prompts[i].IDs)-g.cut)
		}
	}
	rows, firsts := len(prompts), len(groups)
	if cap(m.lanes) == 1 { // they run together, padded to one size
		rows = m.evenly(bucketBatch(rows))
		full := prefixRows * m.Devices()
		firsts = firsts/full*full + min(firsts%full, 1)*m.evenly(bucketBatch(firsts%full))
	}
	shared := firsts*PaddedLength(first) + rows*restLength(rest)
	return 10*shared < 9*rows*PaddedLength(whole)
}

// restLength is what follows a prefix padded: more closely than PaddedLength, for a shape that is met is met again and again.
func restLength(n int) int {
	if n <= 256 {
		return (n + 15) / 16 * 16
	}
	return PaddedLength(n)
}

// shown is the image that each token of a prompt stands for, nil for text.
func (m *Model) shown(p Prompt) []*Features {
	all, image, left := make([]*Features, len(p.IDs)), -1, 0
	for i, id := range p.IDs {
		if id != m.Config.ImageToken {
			continue
		}
		for left == 0 && image+1 < len(p.Images) {
			image++
			left = p.Images[image].Grid.Tokens(m.Config.Vision.MergeSize)
		}
		if left > 0 { // else there are fewer images than placeholders, which layoutText tells
			all[i] = p.Images[image]
			left--
		}
	}
	return all
}

// opening is how many tokens a prompt has up to the end of its first image and the token that closes it, something being left; none
// without an image.
func (p Prompt) opening(placeholder int32) int {
	at := slices.Index(p.IDs, placeholder)
	if at < 0 {
		return 0
	}
	for at < len(p.IDs) && p.IDs[at] == placeholder {
		at++
	}
	if at == len(p.IDs) {
		return 0
	}
	return min(at+1, len(p.IDs)-1)
}

// head is the first n tokens of a prompt, of which shown tells the images.
func (p Prompt) head(n int, shown []*Features) Prompt {
	images := 0
	for i, f := range shown[:n] {
		if f != nil && (i == 0 || shown[i-1] != f) {
			images++
		}
	}
	return Prompt{IDs: p.IDs[:n], Images: p.Images[:images]}
}

// after is what follows a prefix of a prompt.
func (p Prompt) after(f *Prefix) Prompt {
	return Prompt{IDs: p.IDs[len(f.ids):], Images: p.Images[len(f.images):], After: f}
}

// Follows gives the prompt as what follows a prefix, or as it is where it does not begin so.
func (p Prompt) Follows(f *Prefix) Prompt {
	n := 0
	if f != nil && p.After == nil {
		n = len(f.ids)
	}
	if n == 0 || len(p.IDs) <= n || !slices.Equal(p.IDs[:n], f.ids) || len(p.Images) < len(f.images) || !slices.Equal(p.Images[:len(f.images)], f.images) {
		return p
	}
	return p.after(f)
}
