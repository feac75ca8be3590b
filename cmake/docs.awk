# For Doxygen: a document whose links and headings are GitHub's becomes one whose links lead to Doxygen's
# pages. A heading gets a label, which is unique only with the document's name. A link to what is not in
# the reference loses its target.
#
#   awk -f docs.awk <document>

# page(FILE): the label of a document of the guide, or "". FILE as a link of this document has it.
function page(file) {
  if (in_guide) file = file ~ /^[.][.]\// ? substr(file, 4) : "examples/" file
  if (file == "README.md") return "readme"
  if (file == "examples/README.md") return "guide"
  if (file !~ /^examples\/[^\/]*[.]md$/) return ""
  sub(/^examples\//, "", file)
  sub(/[.]md$/, "", file)
  return file
}

# anchor(HEADING): as GitHub makes it.
function anchor(heading) {
  heading = tolower(heading)
  gsub(/[^a-z0-9 _-]/, "", heading)
  gsub(/ /, "-", heading)
  return heading
}

function target(link,    file, label) {
  if (link ~ /^https?:/ || link ~ /[.]svg$/) return link
  if (link ~ /include\/zklock\/.*[.]h$/) {
    sub(/.*\//, "", link)
    return "@ref " link
  }
  file = label = link
  sub(/#.*/, "", file)
  file = file == "" ? this_page : page(file)
  if (file == "") return ""
  return "@ref " (sub(/^[^#]*#/, "", label) ? file "-" label : file)
}

function flush_text(    link, text, result) {
  while (match(prose, /\[[^][]*\]\([^)]*\)/)) {
    text = link = substr(prose, RSTART, RLENGTH)
    sub(/^.*\]\(/, "", link)
    sub(/\)$/, "", link)
    sub(/\]\([^)]*\)$/, "]", text)
    link = target(link)
    text = link == "" ? substr(text, 2, length(text) - 2) : text "(" link ")"
    result = result substr(prose, 1, RSTART - 1) text
    prose = substr(prose, RSTART + RLENGTH)
  }
  printf "%s%s", result, prose
  prose = ""
}

FNR == 1 {
  in_guide = FILENAME ~ /\/examples\/[^\/]*$/
  name = FILENAME
  sub(/.*\//, "", name)
  this_page = page(name)
}
/^ *```/ { in_code = !in_code }
in_code || /^(    | *```)/ {
  flush_text()
  print
  next
}
/^# / { $0 = $0 " {#" this_page "}" }
/^##+ / {
  title = $0
  sub(/^#+ /, "", title)
  $0 = $0 " {#" this_page "-" anchor(title) "}"
}
{ prose = prose $0 "\n" }
END { flush_text() }
