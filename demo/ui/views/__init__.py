"""What the server draws as HTML: records in, escaped HTML out.

A view computes frozen rows and hands them to a template of `ui/templates`; the templates escape everything they print
(jinja2's autoescape), so text of a visitor stays text. Nothing here knows gradio's events.
"""
