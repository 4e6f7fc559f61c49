internal import Viewer

ProgramMain.run(SwiftvmSnapshot.self)
