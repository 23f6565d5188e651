package tex

// symbols are signs that need no air around them: letters, big operators, brackets, spaces.
var symbols = map[string]string{
	"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
	"iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "omicron": "ο", "pi": "π",
	"rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
	"varepsilon": "ε", "vartheta": "ϑ", "varpi": "ϖ", "varrho": "ϱ", "varsigma": "ς", "varphi": "φ", "varkappa": "ϰ", "Gamma": "Γ",
	"Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ", "Phi": "Φ",
	"Psi": "Ψ", "Omega": "Ω", "infty": "∞", "partial": "∂", "nabla": "∇", "hbar": "ℏ", "ell": "ℓ", "Re": "ℜ",
	"Im": "ℑ", "aleph": "ℵ", "beth": "ℶ", "wp": "℘", "emptyset": "∅", "varnothing": "∅", "forall": "∀", "exists": "∃",
	"nexists": "∄", "neg": "¬", "lnot": "¬", "top": "⊤", "bot": "⊥", "angle": "∠", "triangle": "△", "square": "□",
	"Box": "□", "blacksquare": "■", "qed": "∎", "degree": "°", "circ": "∘", "prime": "′", "dagger": "†", "ddagger": "‡",
	"bullet": "•", "star": "⋆", "ast": "∗", "checkmark": "✓", "surd": "√", "imath": "ı", "jmath": "ȷ", "sum": "∑",
	"prod": "∏", "coprod": "∐", "int": "∫", "iint": "∬", "iiint": "∭", "oint": "∮", "bigcup": "⋃", "bigcap": "⋂",
	"bigoplus": "⨁", "bigotimes": "⨂", "bigvee": "⋁", "bigwedge": "⋀", "ldots": "…", "dots": "…", "cdots": "⋯", "vdots": "⋮",
	"ddots": "⋱", "dotsc": "…", "dotsb": "⋯", "lbrace": "{", "rbrace": "}", "langle": "⟨", "rangle": "⟩", "lfloor": "⌊",
	"rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "lvert": "∣", "rvert": "∣", "vert": "∣", "lVert": "‖", "rVert": "‖",
	"Vert": "‖", "backslash": "\\", "lbrack": "[", "rbrack": "]", "pounds": "£", "euro": "€", "S": "§", "P": "¶",
	"copyright": "©", "AA": "Å", "o": "ø", "O": "Ø", "ae": "æ", "AE": "Æ", "ss": "ß", "clubsuit": "♣",
	"diamondsuit": "♢", "heartsuit": "♡", "spadesuit": "♠", "flat": "♭", "natural": "♮", "sharp": "♯", "{": "{", "}": "}",
	"%": "%", "$": "$", "&": "&", "#": "#", "_": "_", "|": "‖", " ": " ", ",": " ",
	";": " ", ":": " ", ">": " ", "quad": "  ", "qquad": "   ", "enspace": " ", "thinspace": " ", "!": "",
	"/": "", "-": "", "(": "", ")": "", "[": "", "]": "",
}

// relations and binary operators stand between two things, with air on both sides.
var relations = map[string]string{
	"times": "×", "div": "÷", "cdot": "·", "pm": "±", "mp": "∓", "setminus": "∖", "cup": "∪", "cap": "∩",
	"uplus": "⊎", "sqcup": "⊔", "sqcap": "⊓", "wedge": "∧", "land": "∧", "vee": "∨", "lor": "∨", "oplus": "⊕",
	"ominus": "⊖", "otimes": "⊗", "oslash": "⊘", "odot": "⊙", "amalg": "⨿", "wr": "≀", "ltimes": "⋉", "rtimes": "⋊",
	"leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠", "ne": "≠", "ll": "≪", "gg": "≫",
	"lt": "<", "gt": ">", "approx": "≈", "sim": "∼", "simeq": "≃", "cong": "≅", "equiv": "≡", "propto": "∝",
	"asymp": "≍", "doteq": "≐", "coloneqq": "≔", "leqslant": "⩽", "geqslant": "⩾", "lesssim": "≲", "gtrsim": "≳", "prec": "≺",
	"succ": "≻", "preceq": "⪯", "succeq": "⪰", "triangleq": "≜", "in": "∈", "notin": "∉", "ni": "∋", "subset": "⊂",
	"supset": "⊃", "subseteq": "⊆", "supseteq": "⊇", "subsetneq": "⊊", "supsetneq": "⊋", "nsubseteq": "⊈", "mid": "∣", "nmid": "∤",
	"parallel": "∥", "perp": "⊥", "vdash": "⊢", "models": "⊨", "vDash": "⊨", "Vdash": "⊩", "therefore": "∴", "because": "∵",
	"to": "→", "rightarrow": "→", "leftarrow": "←", "gets": "←", "leftrightarrow": "↔", "Rightarrow": "⇒", "Leftarrow": "⇐", "Leftrightarrow": "⇔",
	"implies": "⟹", "impliedby": "⟸", "iff": "⟺", "longrightarrow": "⟶", "longleftarrow": "⟵", "Longrightarrow": "⟹", "mapsto": "↦", "longmapsto": "⟼",
	"hookrightarrow": "↪", "uparrow": "↑", "downarrow": "↓", "updownarrow": "↕", "Uparrow": "⇑", "Downarrow": "⇓", "nearrow": "↗", "searrow": "↘",
	"swarrow": "↙", "nwarrow": "↖", "rightleftharpoons": "⇌", "leadsto": "⇝", "rightharpoonup": "⇀", "upharpoonright": "↾", "bmod": "mod", "mod": "mod",
	"colon": ":",
}

// accents are combining marks.
var accents = map[string]string{
	"hat": "\u0302", "widehat": "\u0302", "bar": "\u0304", "overline": "\u0305", "vec": "\u20d7",
	"overrightarrow": "\u20d7", "dot": "\u0307", "ddot": "\u0308", "tilde": "\u0303", "widetilde": "\u0303",
	"acute": "\u0301", "grave": "\u0300", "breve": "\u0306", "check": "\u030c", "mathring": "\u030a",
}

// functions are set upright, with air around them.
var functions = map[string]bool{
	"sin": true, "cos": true, "tan": true, "cot": true, "sec": true, "csc": true, "arcsin": true, "arccos": true,
	"arctan": true, "sinh": true, "cosh": true, "tanh": true, "coth": true, "log": true, "ln": true, "lg": true,
	"exp": true, "lim": true, "limsup": true, "liminf": true, "max": true, "min": true, "sup": true, "inf": true,
	"det": true, "dim": true, "ker": true, "deg": true, "gcd": true, "arg": true, "argmax": true, "argmin": true,
	"Pr": true, "hom": true, "tr": true, "rank": true, "sgn": true,
}

// layout are commands that show nothing.
var layout = map[string]bool{
	"displaystyle": true, "textstyle": true, "scriptstyle": true, "limits": true, "nolimits": true, "nonumber": true, "notag": true, "centering": true,
	"mathchoice": true, "allowbreak": true, "rm": true, "bf": true, "it": true, "cal": true, "sf": true, "tt": true,
	"null": true, "protect": true, "noindent": true, "strut": true, "bold": true, "Large": true, "large": true, "small": true,
}

// superscripts are the characters that Unicode has raised forms of.
var superscripts = map[rune]rune{
	'0': '⁰', '1': '¹', '2': '²', '3': '³', '4': '⁴', '5': '⁵', '6': '⁶', '7': '⁷', '8': '⁸', '9': '⁹',
	'+': '⁺', '-': '⁻', '=': '⁼', '(': '⁽', ')': '⁾', '−': '⁻', 'a': 'ᵃ', 'b': 'ᵇ', 'c': 'ᶜ', 'd': 'ᵈ',
	'e': 'ᵉ', 'f': 'ᶠ', 'g': 'ᵍ', 'h': 'ʰ', 'i': 'ⁱ', 'j': 'ʲ', 'k': 'ᵏ', 'l': 'ˡ', 'm': 'ᵐ', 'n': 'ⁿ',
	'o': 'ᵒ', 'p': 'ᵖ', 'r': 'ʳ', 's': 'ˢ', 't': 'ᵗ', 'u': 'ᵘ', 'v': 'ᵛ', 'w': 'ʷ', 'x': 'ˣ', 'y': 'ʸ',
	'z': 'ᶻ', 'A': 'ᴬ', 'B': 'ᴮ', 'D': 'ᴰ', 'E': 'ᴱ', 'G': 'ᴳ', 'H': 'ᴴ', 'I': 'ᴵ', 'J': 'ᴶ', 'K': 'ᴷ',
	'L': 'ᴸ', 'M': 'ᴹ', 'N': 'ᴺ', 'O': 'ᴼ', 'P': 'ᴾ', 'R': 'ᴿ', 'T': 'ᵀ', 'U': 'ᵁ', 'V': 'ⱽ', 'W': 'ᵂ',
	'β': 'ᵝ', 'γ': 'ᵞ', 'δ': 'ᵟ', 'θ': 'ᶿ', 'φ': 'ᵠ', 'χ': 'ᵡ',
}

// subscripts are the characters that Unicode has lowered forms of.
var subscripts = map[rune]rune{
	'0': '₀', '1': '₁', '2': '₂', '3': '₃', '4': '₄', '5': '₅', '6': '₆', '7': '₇', '8': '₈', '9': '₉',
	'+': '₊', '-': '₋', '=': '₌', '(': '₍', ')': '₎', '−': '₋', 'a': 'ₐ', 'e': 'ₑ', 'h': 'ₕ', 'i': 'ᵢ',
	'j': 'ⱼ', 'k': 'ₖ', 'l': 'ₗ', 'm': 'ₘ', 'n': 'ₙ', 'o': 'ₒ', 'p': 'ₚ', 'r': 'ᵣ', 's': 'ₛ', 't': 'ₜ',
	'u': 'ᵤ', 'v': 'ᵥ', 'x': 'ₓ', 'β': 'ᵦ', 'γ': 'ᵧ', 'ρ': 'ᵨ', 'φ': 'ᵩ', 'χ': 'ᵪ',
}

// doubleStruck are the letters of \mathbb.
var doubleStruck = map[rune]rune{
	'C': 'ℂ', 'H': 'ℍ', 'N': 'ℕ', 'P': 'ℙ', 'Q': 'ℚ', 'R': 'ℝ', 'Z': 'ℤ', 'A': '𝔸', 'B': '𝔹', 'D': '𝔻',
	'E': '𝔼', 'F': '𝔽', 'G': '𝔾', 'I': '𝕀', 'J': '𝕁', 'K': '𝕂', 'L': '𝕃', 'M': '𝕄', 'O': '𝕆', 'S': '𝕊',
	'T': '𝕋', 'U': '𝕌', 'V': '𝕍', 'W': '𝕎', 'X': '𝕏', 'Y': '𝕐', '1': '𝟙',
}

// calligraphic are the letters of \mathcal.
var calligraphic = map[rune]rune{
	'B': 'ℬ', 'E': 'ℰ', 'F': 'ℱ', 'H': 'ℋ', 'I': 'ℐ', 'L': 'ℒ', 'M': 'ℳ', 'R': 'ℛ', 'A': '𝒜', 'C': '𝒞',
	'D': '𝒟', 'G': '𝒢', 'J': '𝒥', 'K': '𝒦', 'N': '𝒩', 'O': '𝒪', 'P': '𝒫', 'Q': '𝒬', 'S': '𝒮', 'T': '𝒯',
	'U': '𝒰', 'V': '𝒱', 'W': '𝒲', 'X': '𝒳', 'Y': '𝒴', 'Z': '𝒵',
}

// vulgar are the fractions that are one character.
var vulgar = map[string]string{
	"1/2": "½", "1/3": "⅓", "2/3": "⅔", "1/4": "¼", "3/4": "¾", "1/5": "⅕", "2/5": "⅖", "3/5": "⅗",
	"4/5": "⅘", "1/6": "⅙", "5/6": "⅚", "1/8": "⅛", "3/8": "⅜", "5/8": "⅝", "7/8": "⅞",
}
