# ---- line events by sys.monitoring (CPython 3.12 and newer): for exactly the code objects that have the lines, in all threads, and in calls that run already

def attach_by_monitoring():
    monitoring = sys.monitoring
    tool = claim_tool()

    @guarded
    def line(code, number):
        return None if reached(sys._getframe(2), code, number) else monitoring.DISABLE

    def release(code):
        monitoring.set_local_events(tool, code, 0)

    def detach():
        for code in list(marked.values()):
            release(code)
        monitoring.register_callback(tool, monitoring.events.LINE, None)

    on_removal(detach)
    monitoring.register_callback(tool, monitoring.events.LINE, line)
    # A line that another tool has switched off for itself is on again for that one, too: it then switches it off once more.
    for code in marked.values():
        monitoring.set_local_events(tool, code, monitoring.events.LINE)
    monitoring.restart_events()
    return release
