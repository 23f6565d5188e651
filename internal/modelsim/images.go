package modelsim

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"maps"
	"slices"
	"strings"
	"time"
)

// imageRequest is the body of POST /v1/images/generations and /edits.
type imageRequest struct {
	imageOptions
	Prompt           *string    `json:"prompt"`
	N                *int       `json:"n"`
	Stream           bool       `json:"stream"`
	User             string     `json:"user"`
	SafetyIdentifier string     `json:"safety_identifier"`
	Images           []imageRef `json:"images"`
	EditMask         *imageRef  `json:"mask"`
	Markup           *imageRef  `json:"markup"`

	edit    bool
	sources []image.Image
	mask    image.Image
}

const (
	imageKeys     = "prompt model n size quality background output_format output_compression partial_images moderation complexity frame_count frame_duration_ms svg stream safety_identifier user"
	imageEditKeys = imageKeys + " input_fidelity images mask markup"
)

// images is POST /v1/images/generations and, with edit, /v1/images/edits.
func (p *reply) images(edit bool) {
	q := &imageRequest{edit: edit}
	var body []byte
	var files []upload
	if edit && strings.HasPrefix(p.r.Header.Get("Content-Type"), "multipart/") {
		f, ok := p.readForm()
		if !ok {
			return
		}
		body, files = f.typed("stream", "n", "output_compression", "partial_images", "frame_count", "frame_duration_ms"), f.files
	} else {
		var ok bool
		if body, ok = p.readJSON(); !ok {
			return
		}
	}
	bad := q.decode(body)
	prompt := ""
	if q.Prompt != nil {
		prompt = *q.Prompt
	}
	req := described(body, orDefault(q.Model, defaultImageModel), orDefault(q.SafetyIdentifier, q.User), prompt)
	req.Stream = q.Stream
	p.rec.learn(req)
	if p.overloaded(req.Model) {
		return
	}
	p.guarded(req, func() {
		if bad == nil {
			bad = q.check()
		}
		if bad == nil && edit {
			bad = p.sim.loadSources(q, files)
		}
		switch f := p.plan.fault; {
		case bad != nil:
			p.refuse(bad)
		case f != nil && f.Kind == FaultModeration && f.Variant == "blocked":
			p.sim.rec.fault(f.Kind)
			p.refuse(f.httpError(req.Model))
		default:
			p.draw(q, req.lastUser)
		}
	})
}

func (q *imageRequest) decode(body []byte) *apiError {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return unreadableJSON()
	}
	known := strings.Fields(imageKeys)
	if q.edit {
		known = strings.Fields(imageEditKeys)
	}
	var bad *apiError
	if err := json.Unmarshal(body, q); err != nil {
		bad = typeError("", err)
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(known, name) && bad == nil {
			bad = unknownParameter(name)
		}
	}
	return bad
}

func (q *imageRequest) check() *apiError {
	switch {
	case q.Prompt == nil || strings.TrimSpace(*q.Prompt) == "":
		return badRequest("missing_required_parameter", "prompt", "Missing required parameter: 'prompt'.")
	case len([]rune(*q.Prompt)) > 32_000:
		return tooLong("prompt", 32_000, len([]rune(*q.Prompt)))
	case q.N != nil && (*q.N < 1 || *q.N > 10):
		return badRequest("integer_out_of_range", "n", "Invalid 'n': expected a value from 1 to 10.")
	case len([]rune(q.SafetyIdentifier)) > 128:
		return tooLong("safety_identifier", 128, len([]rune(q.SafetyIdentifier)))
	}
	return q.imageOptions.check("")
}

// loadSources decodes the pictures that an edit starts from.
func (s *Sim) loadSources(q *imageRequest, files []upload) *apiError {
	var masks []upload
	for _, f := range files {
		param := f.field
		switch {
		case param == "image" || param == "image[]":
			m, bad := readPicture(f.data)
			if bad == nil && pictureFormat(f.data) == "gif" {
				bad = &badPicture{"unsupported_image_media_type", "Images to edit must be png, webp or jpeg."}
			}
			if bad == nil && len(f.data) >= 50<<20 {
				bad = &badPicture{"image_too_large", "Images to edit must be under 50 MB."}
			}
			if len(f.data) == 0 {
				bad = &badPicture{"empty_image_file", "The image is empty."}
			}
			if bad != nil {
				return badRequest(bad.code, "image", bad.why)
			}
			q.sources = append(q.sources, m)
		case param == "mask":
			masks = append(masks, f)
		case param != "markup":
			return unknownParameter(param)
		}
	}
	for i, ref := range q.Images {
		m, bad := s.refPicture(fmt.Sprintf("images[%d]", i), ref)
		if bad != nil {
			return bad
		}
		q.sources = append(q.sources, m)
	}
	switch {
	case len(q.sources) == 0:
		return badRequest("missing_required_parameter", "image", "Missing required parameter: 'image'.")
	case len(q.sources) > 16:
		return badRequest("array_above_max_length", "image", fmt.Sprintf("Invalid 'image': array too long. Expected an array with maximum length 16, but got an array with length %d instead.", len(q.sources)))
	}
	if q.EditMask != nil {
		m, bad := s.refPicture("mask", *q.EditMask)
		if bad != nil {
			return bad
		}
		q.mask = m
	}
	for _, f := range masks {
		m, bad := readPicture(f.data)
		switch {
		case bad != nil:
			return badRequest(bad.code, "mask", bad.why)
		case pictureFormat(f.data) != "png" || len(f.data) >= 4<<20:
			return badRequest("invalid_mask_image_format", "mask", "Invalid mask image format: it must be a PNG under 4 MB.")
		}
		q.mask = m
	}
	if q.mask != nil && q.mask.Bounds().Size() != q.sources[0].Bounds().Size() {
		return badRequest("invalid_mask_image_format", "mask", "Invalid mask image format - mask size does not match image size.")
	}
	return nil
}

// refPicture decodes a referenced picture. An ordinary URL is not fetched: it
// stands for a picture drawn from its own letters.
func (s *Sim) refPicture(param string, ref imageRef) (image.Image, *apiError) {
	switch {
	case ref.FileID != "" && ref.ImageURL != "", ref.FileID == "" && ref.ImageURL == "":
		return nil, badRequest("invalid_value", param, "Invalid '"+param+"': give either 'image_url' or 'file_id'.")
	case ref.FileID != "":
		f := s.drawer.file(ref.FileID, s.now())
		if f == nil {
			return nil, noFile(param+".file_id", ref.FileID)
		}
		m, bad := readPicture(f.Data)
		if bad != nil {
			return nil, badRequest(bad.code, param+".file_id", bad.why)
		}
		return m, nil
	}
	if bad := checkImageURL(param+".image_url", ref.ImageURL); bad != nil {
		return nil, bad
	}
	_, data, ok := dataURL(ref.ImageURL)
	if !ok {
		return picture{prompt: ref.ImageURL, seed: s.opt.Seed, width: 512, height: 512}.draw(), nil
	}
	m, bad := readPicture(data)
	if bad != nil {
		return nil, badRequest(bad.code, param+".image_url", bad.why)
	}
	return m, nil
}

func noFile(param, id string) *apiError {
	return &apiError{status: 404, Type: "invalid_request_error", Param: param, Message: "No such File object: " + clip(id, 80)}
}

// overloaded refuses a request over Options.MaxConcurrent.
func (p *reply) overloaded(model string) bool {
	if max := p.sim.opt.MaxConcurrent; max <= 0 || p.sim.rec.active() <= max {
		return false
	}
	f := &Fault{Kind: FaultRateLimit, Status: 429, Code: "slow_down"}
	p.refuse(f.httpError(model))
	return true
}

// draw makes the pictures of an accepted request.
func (p *reply) draw(q *imageRequest, prompt string) {
	pic := q.picture(prompt, p.sim.opt.Seed)
	if len(q.sources) > 0 {
		pic.source, pic.mask = q.sources[0], q.mask
	}
	n := 1
	if q.N != nil {
		n = *q.N
	}
	created := int(p.sim.now().Unix())
	usage := imageUsage(prompt, 1000*len(q.sources), n*pic.tokens())
	about := []field{{"background", pic.background()}, {"output_format", pic.format}, {"quality", pic.quality}, {"size", pic.size()}}
	if q.Stream {
		p.drawStream(q, pic, n, append([]field{{"created_at", created}}, about...), usage)
		return
	}
	if sleep(p.ctx, p.timing.Work) != nil {
		return
	}
	data := []json.RawMessage{}
	for i := range n {
		pic.number = i
		b, err := p.image64(pic, 0)
		if err != nil {
			p.refuse(&apiError{status: 500, Type: "server_error", Code: "server_error", Message: err.Error()})
			return
		}
		data = append(data, appendObject(nil, []field{{"b64_json", b}}))
	}
	p.rec.note(func(q *Request) { q.Outcome = "completed" })
	p.json(200, append(append([]field{{"created", created}, {"data", data}}, about...), field{"usage", usage}))
}

// image64 is a picture as base64, or what F25 makes of it.
func (p *reply) image64(pic picture, blur int) (string, error) {
	b, err := pic.make(blur)
	if err != nil {
		return "", err
	}
	if f := p.plan.fault; f != nil && f.Kind == FaultBadResult && blur == 0 {
		p.sim.rec.fault(f.Kind)
		return f.spoil64(b), nil
	}
	return base64.StdEncoding.EncodeToString(b), nil
}

// drawStream sends partial and finished pictures as events.
func (p *reply) drawStream(q *imageRequest, pic picture, n int, about, usage []field) {
	p.sim.rec.streamed(1)
	defer p.sim.rec.streamed(-1)
	if f := p.plan.fault; f != nil && f.Kind == FaultFailed {
		inStream := *f
		inStream.Kind = FaultErrorEvent // the Images API has no failed event
		p.plan.fault = &inStream
	}
	st, err := p.openStream()
	if err != nil {
		return
	}
	name, partials := "image_generation.", 0
	if q.edit {
		name = "image_edit."
	}
	if q.PartialImages != nil {
		partials = *q.PartialImages
	}
	send := func(typ string, blur int, more ...field) error {
		if err := st.wait(p.ctx, p.timing.Work/time.Duration(partials+1)); err != nil {
			return err
		}
		b, err := p.image64(pic, blur)
		if err != nil {
			return err
		}
		return st.event(event{name + typ, appendObject(nil, slices.Concat([]field{{"type", name + typ}, {"b64_json", b}}, about, more))})
	}
	for i := 0; i < n && err == nil; i++ {
		pic.number = i
		for j := 0; j < partials && err == nil; j++ {
			err = send("partial_image", partialBlur(j), field{"partial_image_index", j})
		}
		if err == nil {
			err = send("completed", 0, field{"usage", slices.DeleteFunc(slices.Clone(usage), func(f field) bool { return f.name == "output_tokens_details" })})
		}
	}
	if err == nil {
		p.rec.note(func(q *Request) { q.Outcome = "completed" })
	}
	st.close(err)
}

// partialBlur is how coarse the n-th partial image is, in pixels.
func partialBlur(n int) int { return 64 >> (2 * min(n, 2)) }
