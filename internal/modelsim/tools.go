package modelsim

import (
	"encoding/json"
	"fmt"
	"image"
	"slices"
	"strings"
)

// hostedTool is what the simulator must know of a tool that OpenAI runs itself.
type hostedTool struct {
	Type              string          `json:"type"`
	Container         json.RawMessage `json:"container"`
	SearchContextSize string          `json:"search_context_size"`
	UserLocation      *struct {
		Type string `json:"type"`
	} `json:"user_location"`
	VectorStoreIDs  []string        `json:"vector_store_ids"`
	MaxNumResults   *int            `json:"max_num_results"`
	ServerLabel     string          `json:"server_label"`
	ServerURL       string          `json:"server_url"`
	ConnectorID     string          `json:"connector_id"`
	TunnelID        string          `json:"tunnel_id"`
	AllowedTools    json.RawMessage `json:"allowed_tools"`
	RequireApproval json.RawMessage `json:"require_approval"`
}

// autoContainer is a code_interpreter container of type auto.
type autoContainer struct {
	Type          string          `json:"type"`
	FileIDs       []string        `json:"file_ids"`
	MemoryLimit   string          `json:"memory_limit"`
	NetworkPolicy json.RawMessage `json:"network_policy"`
}

// toolFilter chooses tools of an MCP server.
type toolFilter struct {
	ToolNames []string `json:"tool_names"`
	ReadOnly  *bool    `json:"read_only"`
}

func hostedToolKeys() map[string]string {
	search := "type filters search_context_size user_location external_web_access search_content_types"
	return map[string]string{
		"web_search": search, "web_search_2025_08_26": search, "web_search_preview": search, "web_search_preview_2025_03_11": search,
		"code_interpreter": "type container allowed_callers", "image_generation": imageToolKeys,
		"file_search": "type vector_store_ids max_num_results filters ranking_options",
		"mcp":         "type server_label server_url connector_id tunnel_id authorization headers allowed_tools require_approval server_description defer_loading allowed_callers",
	}
}

// checkHostedTool checks a tool that OpenAI runs itself, as far as it can be
// checked without looking at what the simulator keeps.
func checkHostedTool(param string, raw json.RawMessage) *apiError {
	var t hostedTool
	if err := json.Unmarshal(raw, &t); err != nil {
		return typeError(param, err)
	}
	keys, ok := hostedToolKeys()[t.Type]
	if !ok {
		return nil // known to OpenAI, but the simulator does not act on it
	}
	if err := onlyKeys(param, raw, keys); err != nil {
		return err
	}
	missing := func(field string) *apiError {
		return badRequest("missing_required_parameter", param+"."+field, "Missing required parameter: '"+param+"."+field+"'.")
	}
	switch {
	case strings.HasPrefix(t.Type, "web_search"):
		if t.SearchContextSize != "" {
			if err := oneOf(param+".search_context_size", t.SearchContextSize, "low", "medium", "high"); err != nil {
				return err
			}
		}
		if t.UserLocation != nil {
			return oneOf(param+".user_location.type", t.UserLocation.Type, "approximate")
		}
	case t.Type == "code_interpreter":
		return checkContainer(param+".container", t.Container)
	case t.Type == "image_generation":
		var o imageOptions
		if err := json.Unmarshal(raw, &o); err != nil {
			return typeError(param, err)
		}
		return o.check(param + ".")
	case t.Type == "file_search":
		if len(t.VectorStoreIDs) == 0 {
			return missing("vector_store_ids")
		}
		for i, id := range t.VectorStoreIDs {
			if !strings.HasPrefix(id, "vs_") {
				p := fmt.Sprintf("%s.vector_store_ids[%d]", param, i)
				return badRequest("invalid_value", p, fmt.Sprintf("Invalid '%s': '%s'. Expected an ID that begins with 'vs'.", p, clip(id, 80)))
			}
		}
		if t.MaxNumResults != nil && (*t.MaxNumResults < 1 || *t.MaxNumResults > 50) {
			return badRequest("integer_out_of_range", param+".max_num_results", "Invalid '"+param+".max_num_results': expected a value from 1 to 50.")
		}
	case t.Type == "mcp":
		return t.checkMCP(param, missing)
	}
	return nil
}

func checkContainer(param string, raw json.RawMessage) *apiError {
	var id string
	switch {
	case !isSet(raw):
		return badRequest("missing_required_parameter", param, "Missing required parameter: '"+param+"'.")
	case json.Unmarshal(raw, &id) == nil:
		if !strings.HasPrefix(id, "cntr_") {
			return badRequest("invalid_value", param, "Invalid '"+param+"': '"+clip(id, 80)+"'. Expected an ID that begins with 'cntr'.")
		}
		return nil
	}
	var auto autoContainer
	if err := json.Unmarshal(raw, &auto); err != nil {
		return typeError(param, err)
	}
	if err := onlyKeys(param, raw, "type file_ids memory_limit network_policy skills"); err != nil {
		return err
	}
	if err := oneOf(param+".type", auto.Type, "auto"); err != nil {
		return err
	}
	if auto.MemoryLimit != "" {
		return oneOf(param+".memory_limit", auto.MemoryLimit, "1g", "4g", "16g", "64g")
	}
	return nil
}

func (t hostedTool) checkMCP(param string, missing func(string) *apiError) *apiError {
	given := 0
	for _, s := range []string{t.ServerURL, t.ConnectorID, t.TunnelID} {
		if s != "" {
			given++
		}
	}
	switch {
	case t.ServerLabel == "":
		return missing("server_label")
	case given == 0:
		return missing("server_url")
	case given > 1:
		return badRequest("mutually_exclusive_parameters", param, "Mutually exclusive parameters: 'server_url', 'connector_id' and 'tunnel_id'. Ensure you are only providing one of these.")
	case !validName(t.ServerLabel):
		return badPattern(param + ".server_label")
	}
	if t.ServerURL != "" {
		if err := checkReachable(param+".server_url", t.ServerURL); err != nil {
			err.Code, err.Message = "invalid_value", "The MCP server "+clip(t.ServerURL, 200)+" cannot be reached from OpenAI."
			return err
		}
	}
	var mode string
	if json.Unmarshal(t.RequireApproval, &mode) == nil && mode != "" {
		return oneOf(param+".require_approval", mode, "always", "never")
	}
	return onlyKeys(param+".require_approval", t.RequireApproval, "always never")
}

// hostedOf returns the first tool of a type; web_search stands for all its
// versions.
func (r *request) hostedOf(kind string) (t hostedTool, raw json.RawMessage, ok bool) {
	for i, one := range r.tools {
		if one.Type == kind || kind == "web_search" && strings.HasPrefix(one.Type, kind) {
			return t, r.Tools[i], json.Unmarshal(r.Tools[i], &t) == nil
		}
	}
	return t, nil, false
}

// offers says whether the request has a tool of that type.
func (r *request) offers(kind string) bool {
	_, _, ok := r.hostedOf(kind)
	return ok
}

// imageTool returns the settings of the image_generation tool.
func (r *request) imageTool() imageOptions {
	o := imageOptions{Model: defaultImageModel}
	if _, raw, ok := r.hostedOf("image_generation"); ok {
		_ = json.Unmarshal(raw, &o) // checked with the request
	}
	return o
}

// container returns the id of the container that the request names, or the
// settings of an automatic one.
func (r *request) container() (id string, auto autoContainer) {
	t, _, _ := r.hostedOf("code_interpreter")
	if json.Unmarshal(t.Container, &id) != nil && isSet(t.Container) {
		_ = json.Unmarshal(t.Container, &auto) // checked with the request
	}
	return id, auto
}

// lastContainer is the one in which code of this conversation ran last.
func (r *request) lastContainer() string {
	id := ""
	for _, it := range slices.Concat(r.prior, r.items) {
		if it.Type == "code_interpreter_call" {
			id = it.ContainerID
		}
	}
	return id
}

func (r *request) maxSearchResults() int {
	t, _, _ := r.hostedOf("file_search")
	if t.MaxNumResults != nil {
		return *t.MaxNumResults
	}
	return 10
}

// mcp returns the tool of that server_label.
func (r *request) mcp(label string) (hostedTool, bool) {
	for i, one := range r.tools {
		var t hostedTool
		if one.Type == "mcp" && json.Unmarshal(r.Tools[i], &t) == nil && (label == "" || t.ServerLabel == label) {
			return t, true
		}
	}
	return hostedTool{}, false
}

// mcpLabel is label, or that of the first MCP server.
func (r *request) mcpLabel(label string) string {
	t, _ := r.mcp(label)
	return orDefault(label, orDefault(t.ServerLabel, "demo"))
}

// mcpTools makes up the tools of a server: those that are allowed, or two.
func (r *request) mcpTools(label string) []string {
	t, _ := r.mcp(label)
	var names []string
	var filter toolFilter
	if json.Unmarshal(t.AllowedTools, &names) != nil {
		_ = json.Unmarshal(t.AllowedTools, &filter) // neither: everything is allowed
		names = filter.ToolNames
	}
	if len(names) == 0 {
		return []string{"search", "fetch"}
	}
	return names
}

// asks says whether a call of that tool must be approved. OpenAI: always, unless
// require_approval says otherwise.
func (t hostedTool) asks(name string) bool {
	var mode string
	if json.Unmarshal(t.RequireApproval, &mode) == nil {
		return mode != "never"
	}
	var by struct {
		Always *toolFilter `json:"always"`
		Never  *toolFilter `json:"never"`
	}
	_ = json.Unmarshal(t.RequireApproval, &by) // neither: always
	switch {
	case by.Never != nil && slices.Contains(by.Never.ToolNames, name):
		return false
	case by.Always != nil && by.Never == nil:
		return slices.Contains(by.Always.ToolNames, name)
	}
	return true
}

// listed says whether the conversation holds the list of a server's tools, which
// is then not asked for again.
func (r *request) listed(label string) bool {
	return slices.ContainsFunc(slices.Concat(r.prior, r.items), func(it inputItem) bool { return it.Type == "mcp_list_tools" && it.ServerLabel == label })
}

// checkKept checks what a request refers to and the simulator keeps: files,
// containers, approvals, compactions and pictures made before.
func (s *Sim) checkKept(r *request) *apiError {
	if id, auto := r.container(); id != "" && s.drawer.live(id, s.now()) == nil {
		return s.noContainer(id)
	} else if err := s.haveFiles("container.file_ids", auto.FileIDs); err != nil {
		return err
	}
	if mask := r.imageTool().Mask; mask != nil {
		if _, err := s.refPicture("input_image_mask", *mask); err != nil {
			return err
		}
	}
	asked := map[string]bool{}
	for _, it := range slices.Concat(r.prior, r.items) {
		if it.Type == "mcp_approval_request" {
			asked[it.ID] = true
		}
	}
	for i, it := range r.items {
		param := fmt.Sprintf("input[%d]", i)
		switch {
		case it.Type == "mcp_approval_response" && !asked[it.ApprovalRequestID]:
			return badRequest("", "input", "No approval request found with id '"+clip(it.ApprovalRequestID, 80)+"'.")
		case it.Type == "compaction" && !s.knowsCompaction(it.EncryptedContent):
			return badRequest("invalid_encrypted_content", param+".encrypted_content", "The encrypted content for item "+it.ID+" could not be verified. Reason: Encrypted content could not be decrypted or parsed.")
		case it.Type == "image_generation_call" && it.Result == nil && it.Status != "failed" && !s.store.hasItem(it.ID):
			return notPersisted(it.ID)
		}
		for j, part := range it.parts() {
			if part.FileID == "" {
				continue
			}
			p := fmt.Sprintf("%s.content[%d].file_id", param, j)
			f := s.drawer.file(part.FileID, s.now())
			if f == nil {
				return noFile(p, part.FileID)
			}
			if part.Type == "input_image" {
				if bad := checkPicture(f.Data); bad != nil {
					return badRequest(bad.code, p, bad.why)
				}
			} else if why := checkFileBytes(fileKind(f.Name), f.Name, f.Data); why != "" {
				return badRequest("invalid_value", p, "Invalid '"+p+"': "+why+".")
			}
		}
	}
	return nil
}

// newestPicture is what an edit in a response starts from: the last picture of
// the conversation, whoever made it, or nil.
func (s *Sim) newestPicture(r *request) image.Image {
	all := slices.Concat(r.prior, r.items)
	for _, it := range slices.Backward(all) {
		if it.Type == "image_generation_call" {
			result := it.Result
			if result == nil {
				result = s.store.resultOf(it.ID)
			}
			if result != nil {
				if m, bad := s.refPicture("", imageRef{ImageURL: "data:image/" + pictureKind(*result) + ";base64," + *result}); bad == nil {
					return m
				}
			}
		}
		for _, part := range slices.Backward(it.parts()) {
			if part.Type == "input_image" {
				if m, bad := s.refPicture("", imageRef{part.ImageURL, part.FileID}); bad == nil {
					return m
				}
			}
		}
	}
	return nil
}

// pictureKind tells the format of a picture by the start of its base64.
func pictureKind(b64 string) string {
	for start, kind := range map[string]string{"iVBOR": "png", "/9j/": "jpeg", "R0lGO": "gif", "UklGR": "webp"} {
		if strings.HasPrefix(b64, start) {
			return kind
		}
	}
	return "png"
}
